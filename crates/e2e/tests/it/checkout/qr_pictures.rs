//! Every picture of a QR code says, to a decoder that is not ours, what the provider gave.

use png::{ColorType, Decoder};
use rqrr::PreparedImage;

use crate::support::{Shop, an_order, shared};

const PIXELS_A_MODULE: usize = 4;

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

    /// Draws the lines `Mx y.5hn`, each with its `mx 0hn`, that are all that is dark in it.
    fn of_svg(svg: &str) -> Self {
        let after = |text: &str, mark: &str| text.split_once(mark).unwrap().1.to_owned();
        let number = |text: &str| text.parse::<usize>().unwrap();
        let modules = after(svg, " viewBox=\"0 0 ");
        let edge = number(modules.split(' ').next().unwrap()) * PIXELS_A_MODULE;
        let mut pixels = vec![0xff; edge * edge];
        let lines = after(svg, "stroke=\"#000\" d=\"");
        for line in lines.split('"').next().unwrap().split('M').skip(1) {
            let (start, runs) = line.split_once(".5").unwrap();
            let (left, top) = start.split_once(' ').unwrap();
            let (mut left, top) = (number(left), number(top) * PIXELS_A_MODULE);
            for run in runs.split('m') {
                let (gap, length) = run.split_once('h').unwrap();
                left += gap.strip_suffix(" 0").map_or(0, number);
                let right = left + number(length);
                for row in top..top + PIXELS_A_MODULE {
                    let row = row * edge;
                    pixels[row + left * PIXELS_A_MODULE..row + right * PIXELS_A_MODULE].fill(0);
                }
                left = right;
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
