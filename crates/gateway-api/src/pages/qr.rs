//! A QR text as a picture, SVG or PNG, always dark on white with its quiet zone.

use qrcode::{Color, QrCode};

/// Smallest edge of a picture in pixels.
pub const SIZE_MIN: u32 = 64;
/// Edge of a picture by default.
pub const SIZE_DEFAULT: u32 = 512;
/// Largest edge of a picture in pixels.
pub const SIZE_MAX: u32 = 1024;

/// White modules around the code (ISO 18004).
const QUIET_MODULES: u32 = 4;
const WHITE: u8 = 0xff;
const BLACK: u8 = 0;

/// The error of a text that is not drawn.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// Too long for a QR code.
    #[error("the text does not fit a QR code")]
    TooLong(#[source] qrcode::types::QrError),
    /// The picture could not be written.
    #[error("the picture could not be written")]
    Picture(#[source] png::EncodingError),
}

/// Draws the picture as SVG: a line for each run of dark modules, a few thousand bytes in all. It
/// scales.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn qr_svg(text: &str) -> Result<String, QrError> {
    let code = QrCode::new(text).map_err(QrError::TooLong)?;
    let modules = code.width();
    let quiet = usize::try_from(QUIET_MODULES).unwrap_or_default();
    let edge = modules.saturating_add(quiet.saturating_mul(2));
    let mut lines = String::new();
    for (row, colors) in code.to_colors().chunks(modules).enumerate() {
        let mut light = quiet;
        let mut pen = format!("M{{}} {}.5", row.saturating_add(quiet));
        for run in colors.chunk_by(|left, right| left == right) {
            if run.first() == Some(&Color::Light) {
                light = light.saturating_add(run.len());
                continue;
            }
            lines.push_str(&pen.replace("{}", &light.to_string()));
            lines.push_str(&format!("h{}", run.len()));
            (light, pen) = (0, "m{} 0".to_owned());
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{SIZE_DEFAULT}\" height=\"{SIZE_DEFAULT}\" \
         viewBox=\"0 0 {edge} {edge}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{edge}v{edge}H0z\"/><path stroke=\"#000\" d=\"{lines}\"/></svg>"
    ))
}

/// Draws the picture as grey PNG of `size` pixels squared (64 to 1024); larger only when the code
/// has more modules than that.
///
/// # Errors
/// [`QrError`].
pub fn qr_png(text: &str, size: u32) -> Result<Vec<u8>, QrError> {
    let code = QrCode::new(text).map_err(QrError::TooLong)?;
    let modules = u32::try_from(code.width()).unwrap_or(u32::MAX);
    let quiet = QUIET_MODULES.saturating_mul(2);
    let least = modules.saturating_add(quiet);
    let edge = size.clamp(SIZE_MIN, SIZE_MAX).max(least);
    let scale = edge.checked_div(least).unwrap_or(1).max(1);
    let margin = edge.saturating_sub(modules.saturating_mul(scale)) / 2;
    let raster = Raster {
        edge: usize::try_from(edge).unwrap_or_default(),
        scale: usize::try_from(scale).unwrap_or_default(),
        margin: usize::try_from(margin).unwrap_or_default(),
    };
    let pixels = raster.pixels(&code.to_colors(), code.width());
    encode(&pixels, edge).map_err(QrError::Picture)
}

/// The position of modules on pixels.
struct Raster {
    edge: usize,
    scale: usize,
    margin: usize,
}

impl Raster {
    /// Returns the pixels: each row of modules is drawn once and repeated.
    fn pixels(&self, colors: &[Color], modules: usize) -> Vec<u8> {
        let all = self.edge.saturating_mul(self.edge);
        let mut pixels = Vec::with_capacity(all);
        pixels.resize(self.edge.saturating_mul(self.margin), WHITE);
        for row in colors.chunks(modules) {
            let mut drawn = vec![WHITE; self.margin];
            for color in row {
                let tone = match color {
                    Color::Dark => BLACK,
                    Color::Light => WHITE,
                };
                drawn.extend(std::iter::repeat_n(tone, self.scale));
            }
            drawn.resize(self.edge, WHITE);
            for _ in 0..self.scale {
                pixels.extend_from_slice(&drawn);
            }
        }
        pixels.resize(all, WHITE);
        pixels
    }
}

fn encode(pixels: &[u8], edge: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, edge, edge);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00020101021226650018ID.CO.BANKNEOCOMMERCE.WWW011893600490594025016802120000000000520454995303360540610000.005802ID6304ABCD";

    fn decode(bytes: &[u8]) -> (u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width, info.height);
        (info.width, pixels)
    }

    #[test]
    fn a_png_has_the_size_asked_for_and_shows_every_module() {
        let code = QrCode::new(TEXT).unwrap();
        for (size, edge) in [(64, 64), (300, 300), (1024, 1024), (1, 64), (5000, 1024)] {
            let (width, pixels) = decode(&qr_png(TEXT, size).unwrap());
            assert_eq!(width, edge, "{size}");
            let modules = u32::try_from(code.width()).unwrap();
            let scale = edge / (modules + 8);
            let margin = (edge - modules * scale) / 2;
            for (index, color) in code.to_colors().into_iter().enumerate() {
                let index = u32::try_from(index).unwrap();
                let x = margin + (index % modules) * scale + scale / 2;
                let y = margin + (index / modules) * scale + scale / 2;
                let pixel = pixels[usize::try_from(y * edge + x).unwrap()];
                assert_eq!(pixel == BLACK, color == Color::Dark, "{size} {x} {y}");
            }
            assert_eq!(pixels[0], WHITE);
        }
    }

    #[test]
    fn an_svg_has_no_script_and_no_style() {
        let svg = qr_svg(TEXT).unwrap();
        assert!(svg.contains("<svg") && svg.contains("<path"));
        assert!(!svg.contains("style") && !svg.contains("script"));
    }

    /// Draws the lines of the picture again, module by module.
    #[test]
    fn an_svg_shows_every_module_and_is_small() {
        let code = QrCode::new(TEXT).unwrap();
        let (modules, svg) = (code.width(), qr_svg(TEXT).unwrap());
        assert!(svg.len() < 8_000, "{}", svg.len());
        let lines = svg.split("d=\"").nth(2).unwrap();
        let lines = lines.split('"').next().unwrap();
        let mut dark = std::collections::HashSet::new();
        let (mut x, mut y) = (0, 0);
        for line in lines.split('M').skip(1) {
            let (start, rest) = line.split_once(".5").unwrap();
            let (left, top) = start.split_once(' ').unwrap();
            (x, y) = (
                left.parse::<usize>().unwrap(),
                top.parse::<usize>().unwrap(),
            );
            for part in rest.split('m') {
                let (gap, run) = part.split_once('h').unwrap();
                x += gap.strip_suffix(" 0").map_or(0, |gap| gap.parse().unwrap());
                for _ in 0..run.parse().unwrap() {
                    dark.insert((x, y));
                    x += 1;
                }
            }
        }
        assert!(x > 0 && y > 0);
        for (index, color) in code.to_colors().into_iter().enumerate() {
            let at = (index % modules + 4, index / modules + 4);
            assert_eq!(dark.contains(&at), color == Color::Dark, "{at:?}");
        }
    }

    #[test]
    fn a_text_that_no_code_holds_is_refused() {
        let text = "x".repeat(3000);
        assert!(qr_svg(&text).is_err());
        assert!(qr_png(&text, 64).is_err());
    }
}
