//! Every picture of a QR code says, to a decoder that is not ours, what the provider gave.

use png::{ColorType, Decoder};
use rqrr::PreparedImage;

use crate::support::{Shop, an_order, shared};

/// A grey picture.
struct Picture {
    edge: usize,
    pixels: Vec<u8>,
}

impl Picture {
    fn of_png(bytes: &[u8]) -> Self {
        let decoder = Decoder::new(std::io::Cursor::new(bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.color_type, ColorType::Grayscale);
        assert_eq!(info.width, info.height);
        let edge = usize::try_from(info.width).unwrap();
        Self { edge, pixels }
    }

    /// Draws the dark squares of the path `MxyhwvhHxVy…`, which is all there is in it.
    fn of_svg(svg: &str) -> Self {
        let after = |text: &str, mark: &str| text.split_once(mark).unwrap().1.to_owned();
        let number = |text: &str| text.split('"').next().unwrap().parse::<usize>().unwrap();
        let edge = number(&after(svg, " width=\""));
        let mut pixels = vec![0xff; edge * edge];
        let path = after(svg, " d=\"");
        for square in path.split('"').next().unwrap().split('M').skip(1) {
            let mut numbers = square
                .split(|c: char| !c.is_ascii_digit())
                .map(|digits| digits.parse::<usize>().unwrap());
            let mut next = || numbers.next().unwrap();
            let (left, top, width, height) = (next(), next(), next(), next());
            for row in top..top + height {
                pixels[row * edge + left..row * edge + left + width].fill(0);
            }
        }
        Self { edge, pixels }
    }

    fn says(&self) -> String {
        let at = |x: usize, y: usize| self.pixels[y * self.edge + x];
        let mut prepared = PreparedImage::prepare_from_greyscale(self.edge, self.edge, at);
        let codes = prepared.detect_grids();
        assert_eq!(codes.len(), 1);
        codes[0].decode().unwrap().1
    }
}

#[actix_rt::test]
async fn say_what_the_provider_gave() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order("qris")).await;
    let action = &made["payments"][0]["next_action"];
    let text = action["qr_string"].as_str().unwrap();
    let path = format!("/v1/orders/{}", made["id"].as_str().unwrap());

    for (query, edge) in [("", 512), ("?size=300", 300), ("?size=1024", 1024)] {
        let told = shop.get(&format!("{path}/qr.png{query}")).await.expect(200);
        assert_eq!(told.header("content-type"), Some("image/png"));
        let picture = Picture::of_png(&told.bytes);
        assert_eq!((picture.edge, picture.says().as_str()), (edge, text));
    }
    // A pixel a module and the white around it is the least.
    let least = shop
        .get(&format!("{path}/qr.png?size=64"))
        .await
        .expect(200);
    assert_eq!(Picture::of_png(&least.bytes).says(), text);
    let svg = shop.get(&format!("{path}/qr.svg")).await.expect(200);
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert_eq!(Picture::of_svg(&svg.text()).says(), text);

    // The payer's are the same.
    for (name, own) in [
        ("qr_svg_url", svg),
        ("qr_png_url", shop.get(&format!("{path}/qr.png")).await),
    ] {
        let url = action[name].as_str().unwrap();
        assert_eq!(
            shop.http.get(url).await.expect(200).bytes,
            own.bytes,
            "{name}"
        );
    }
    for size in ["63", "1025", "big", "", "64.5"] {
        shop.get(&format!("{path}/qr.png?size={size}"))
            .await
            .problem(400, "malformed_request");
    }
}
