//! Compression that nobody asked for. Our requests say that they take none, but a front before the provider may not
//! look. The body that it hides is an artefact or money, so gzip, which fronts put on by themselves, is undone.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

/// Returns the body as it was before `content_encoding`, of at most `bytes_max`. A coding that is not known leaves it
/// as it is: then it is no JSON, and the outcome unknown.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] over the bound; else the fault of the compressed bytes.
pub(crate) fn decoded(
    body: Vec<u8>,
    content_encoding: Option<&str>,
    bytes_max: usize,
) -> io::Result<Vec<u8>> {
    let is_gzip = content_encoding.is_some_and(|coding| {
        ["gzip", "x-gzip"]
            .iter()
            .any(|known| coding.eq_ignore_ascii_case(known))
    });
    if !is_gzip {
        return Ok(body);
    }
    let mut plain = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    MultiGzDecoder::new(&*body)
        .take(bound.saturating_add(1))
        .read_to_end(&mut plain)?;
    if plain.len() > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn gzip_is_undone_up_to_the_bound(plain in prop::collection::vec(any::<u8>(), 0..300), bound in 0_usize..300) {
            let read = decoded(gzip(&plain), Some("GZip"), bound);
            if plain.len() <= bound {
                prop_assert_eq!(read.unwrap(), plain);
            } else {
                prop_assert_eq!(read.unwrap_err().kind(), io::ErrorKind::FileTooLarge);
            }
        }

        #[test]
        fn any_bytes_are_undone_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _undone_or_refused = decoded(body.clone(), Some("gzip"), 1_000);
            for other in [None, Some("identity"), Some("br"), Some("gzip, gzip")] {
                prop_assert_eq!(decoded(body.clone(), other, 10).unwrap(), body.clone());
            }
        }
    }

    #[test]
    fn a_small_body_that_swells_is_left_at_the_bound() {
        let bomb = gzip(&vec![b' '; 50_000_000]);
        assert!(bomb.len() < 64 * 1024, "{}", bomb.len());
        let refused = decoded(bomb, Some("gzip"), 64 * 1024).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
    }
}
