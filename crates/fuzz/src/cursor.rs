//! Cursors and queries: a cursor that is taken is spelt in one way only, a list has its limits.

use gateway_api::params::{Cursor, EventCursor, LIMIT_MAX, ListEvents, ListOrders, WaitForOrder};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(cursor) = Cursor::decode(text) {
        assert_eq!(cursor.encode(), text);
        assert!(
            EventCursor::decode(text).is_err(),
            "one list's is another's"
        );
    }
    if let Ok(cursor) = EventCursor::decode(text) {
        assert_eq!(cursor.encode(), text);
    }
    if let Ok(list) = ListOrders::parse(text) {
        assert!((1..=LIMIT_MAX).contains(&list.limit), "{text:?}");
    }
    if let Ok(list) = ListEvents::parse(text) {
        assert!((1..=LIMIT_MAX).contains(&list.limit), "{text:?}");
    }
    WaitForOrder::parse(text).ok();
}
