//! QR pictures: each is drawn once, away from the server's threads, and kept for those who ask again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use ayolinx_core::ids::{MerchantId, OrderId};
use prometheus::{IntCounter, Registry};
use shares::{Limits, Shares};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::qr::{QrError, qr_png, qr_svg};

/// Orders whose pictures are kept; the oldest go first.
const ORDERS_MAX: usize = 256;
/// Pictures kept of an order; the oldest go first.
const OF_ORDER_MAX: usize = 8;
/// Pictures drawn at once, one of a shop: its many orders leave the other slot to other shops.
const DRAWN_AT_ONCE: Limits = Limits {
    places: 2,
    most_of_one: 1,
    guaranteed: 1,
    reserve: 0,
};
/// Callers that may wait for a slot to draw.
const WAITING: Limits = Limits {
    places: 128,
    most_of_one: 32,
    guaranteed: 1,
    reserve: 32,
};
/// The longest wait of a caller for a picture: for a slot, for its drawing, or for another caller who
/// draws it.
const WAIT: Duration = Duration::from_secs(2);

/// The picture that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An SVG, for every size.
    Svg,
    /// A PNG with this many pixels in a row.
    Png(u32),
}

/// The reason why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// A text that cannot be drawn.
    #[error(transparent)]
    Qr(#[from] QrError),
    /// Too many waiting callers, or a wait that was too long.
    #[error("too many pictures are waited for")]
    Busy,
    /// A panic of the caller who drew it.
    #[error("the drawing ended early")]
    Broken,
}

/// The pictures of a process.
pub struct Pictures {
    kept: Mutex<Kept>,
    drawing: Shares<MerchantId>,
    drawn: IntCounter,
}

#[derive(Default)]
struct Kept {
    of: HashMap<OrderId, Vec<Picture>>,
    /// The orders as they came, oldest first.
    orders: VecDeque<OrderId>,
}

struct Picture {
    text: Arc<str>,
    shape: Shape,
    drawn: Arc<OnceCell<Bytes>>,
}

impl Pictures {
    /// Returns an empty store. Registers the count of drawn pictures, and the pool `pictures` of those
    /// who draw.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered there already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let drawn = IntCounter::new(
            "gateway_pictures_drawn_total",
            "QR pictures drawn; who asks again gets the same.",
        )?;
        registry.register(Box::new(drawn.clone()))?;
        let drawing = Shares::new("pictures", DRAWN_AT_ONCE, WAITING);
        drawing.register(registry)?;
        Ok(Self {
            kept: Mutex::default(),
            drawing,
            drawn,
        })
    }

    /// Returns the picture of the QR text of a shop's order. A caller who asks for a picture that is
    /// being drawn waits for it.
    ///
    /// # Errors
    /// [`PictureError`].
    pub async fn of(
        &self,
        (merchant, order): (MerchantId, OrderId),
        text: &str,
        shape: Shape,
    ) -> Result<Bytes, PictureError> {
        let (text, picture) = self.kept().picture(order, text, shape);
        let draw = || self.draw(merchant, text, shape);
        // Those who wait for one that is refused try in turn: the time of all of them is the same.
        match timeout(WAIT, picture.get_or_try_init(draw)).await {
            Ok(drawn) => drawn.cloned(),
            Err(_elapsed) => Err(PictureError::Busy),
        }
    }

    async fn draw(
        &self,
        merchant: MerchantId,
        text: Arc<str>,
        shape: Shape,
    ) -> Result<Bytes, PictureError> {
        let place = self.drawing.enter(&merchant, WAIT).await;
        let place = place.map_err(|_full| PictureError::Busy)?;
        let drawing = tokio::task::spawn_blocking(move || {
            let _place = place;
            match shape {
                Shape::Svg => qr_svg(&text).map(Bytes::from),
                Shape::Png(size) => qr_png(&text, size).map(Bytes::from),
            }
        });
        let drawn = drawing.await.map_err(|_panicked| PictureError::Broken)??;
        self.drawn.inc();
        Ok(drawn)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn picture(
        &mut self,
        order: OrderId,
        text: &str,
        shape: Shape,
    ) -> (Arc<str>, Arc<OnceCell<Bytes>>) {
        if !self.of.contains_key(&order) {
            if self.orders.len() >= ORDERS_MAX
                && let Some(oldest) = self.orders.pop_front()
            {
                self.of.remove(&oldest);
            }
            self.orders.push_back(order);
        }
        let pictures = self.of.entry(order).or_default();
        // Another payment of the order has another text, and only one is shown.
        pictures.retain(|picture| &*picture.text == text);
        if let Some(known) = pictures.iter().find(|known| known.shape == shape) {
            return (Arc::clone(&known.text), Arc::clone(&known.drawn));
        }
        if pictures.len() >= OF_ORDER_MAX {
            pictures.remove(0);
        }
        let (text, drawn) = (Arc::<str>::from(text), Arc::default());
        pictures.push(Picture {
            text: Arc::clone(&text),
            shape,
            drawn: Arc::clone(&drawn),
        });
        (text, drawn)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn order(number: usize) -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap()))
    }

    fn shop(number: usize) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap()))
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap().block_on(work)
    }

    fn shapes() -> impl Strategy<Value = Shape> {
        prop_oneof![
            Just(Shape::Svg),
            Just(Shape::Png(64)),
            Just(Shape::Png(65)),
            Just(Shape::Png(128)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]
        /// Lets any number of callers ask at once for pictures of a few orders.
        #[test]
        fn each_picture_is_drawn_once_and_is_the_one_asked_for(
            asked in prop::collection::vec((0_usize..4, shapes()), 1..60),
        ) {
            let pictures = Pictures::register(&Registry::new()).unwrap();
            let text = |number: usize| format!("000201{number}");
            for _ in 0..2 {
                let all = asked.iter().map(async |(number, shape)| {
                    pictures.of((shop(1), order(*number)), &text(*number), *shape).await
                });
                let drawn = block_on(join_all(all));
                for ((number, shape), picture) in asked.iter().zip(drawn) {
                    let expected = match shape {
                        Shape::Svg => Bytes::from(qr_svg(&text(*number)).unwrap()),
                        Shape::Png(size) => Bytes::from(qr_png(&text(*number), *size).unwrap()),
                    };
                    prop_assert_eq!(picture.unwrap(), expected);
                }
            }
            let mut different = Vec::new();
            for one in &asked {
                if !different.contains(one) {
                    different.push(*one);
                }
            }
            prop_assert_eq!(pictures.drawn.get(), u64::try_from(different.len()).unwrap());
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_a_new_payment_has_a_new_picture() {
        let pictures = Pictures::register(&Registry::new()).unwrap();
        block_on(async {
            for size in 64..64 + 3 * 8 {
                pictures
                    .of((shop(1), order(1)), "0002", Shape::Png(size))
                    .await
                    .unwrap();
            }
            assert_eq!(pictures.kept().of[&order(1)].len(), OF_ORDER_MAX);
            let before = pictures
                .of((shop(1), order(1)), "0002", Shape::Svg)
                .await
                .unwrap();
            let after = pictures
                .of((shop(1), order(1)), "0003", Shape::Svg)
                .await
                .unwrap();
            assert_ne!(before, after);
            for number in 0..ORDERS_MAX + 9 {
                pictures
                    .of((shop(1), order(number)), "0002", Shape::Png(64))
                    .await
                    .unwrap();
            }
            let too_long = "x".repeat(3_000);
            assert!(
                pictures
                    .of((shop(1), order(1)), &too_long, Shape::Svg)
                    .await
                    .is_err()
            );
        });
        let kept = pictures.kept();
        assert_eq!((kept.of.len(), kept.orders.len()), (ORDERS_MAX, ORDERS_MAX));
    }

    #[test]
    fn one_shop_draws_at_one_place_whatever_its_orders_and_leaves_the_other_and_the_line() {
        let pictures = Pictures::register(&Registry::new()).unwrap();
        block_on(async {
            let greedy = pictures.drawing.try_enter(&shop(1));
            assert!(greedy.is_ok());
            let asked = (0..3 * WAITING.most_of_one)
                .map(|number| pictures.of((shop(1), order(number)), "0002", Shape::Svg));
            let others = (2..9).map(|number| {
                pictures.of((shop(number), order(1_000 + number)), "0002", Shape::Svg)
            });
            let (asked, others) = tokio::join!(join_all(asked), join_all(others));
            assert!(others.iter().all(Result::is_ok));
            assert!(asked.iter().all(Result::is_err), "its place is taken");
        });
    }

    #[test]
    fn those_who_wait_for_one_picture_wait_together_and_not_one_after_the_other() {
        let pictures = Pictures::register(&Registry::new()).unwrap();
        let _taken = pictures.drawing.try_enter(&shop(1)).unwrap();
        let began = std::time::Instant::now();
        let waited = block_on(async {
            let one = (0..4).map(|_| pictures.of((shop(1), order(1)), "0002", Shape::Svg));
            join_all(one).await
        });
        let busy = |one: &Result<Bytes, PictureError>| matches!(one, Err(PictureError::Busy));
        assert!(waited.iter().all(busy));
        assert!(began.elapsed() < 2 * WAIT, "{:?}", began.elapsed());
    }
}
