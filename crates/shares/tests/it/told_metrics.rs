//! What a scrape sees of pools.

use prometheus::{Encoder, Registry, TextEncoder};
use shares::{Limits, Shares};

fn scrape(registry: &Registry) -> String {
    let mut text = Vec::new();
    let told = registry.gather();
    TextEncoder::new().encode(&told, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn assert_told(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|told| told == *line), "{line}\n{text}");
    }
}

#[test]
fn each_pool_tells_how_full_it_is_who_fills_it_and_who_found_no_place() {
    let registry = Registry::new();
    let limits = Limits {
        places: 12,
        most_of_one: 4,
        guaranteed: 2,
        reserve: 1,
    };
    let pool = Shares::new("one", limits, Limits::NONE);
    let other: Shares<&str> = Shares::new("two", Limits::quarters(8), Limits::NONE);
    pool.register(&registry).unwrap();
    other.register(&registry).unwrap();
    assert!(pool.register(&registry).is_err(), "the name is taken");

    let mut held = Vec::new();
    for (key, times) in [("a", 4), ("b", 3), ("c", 1), ("d", 2), ("e", 2)] {
        held.extend((0..times).filter_map(|_| pool.try_enter(&key).ok()));
    }
    assert!(pool.try_enter(&"a").is_err());
    assert!(pool.try_enter(&"z").is_err());
    let text = scrape(&registry);
    assert_told(
        &text,
        &[
            r#"gateway_share_places{pool="one"} 12"#,
            r#"gateway_share_places{pool="two"} 8"#,
            r#"gateway_share_held{pool="one"} 12"#,
            r#"gateway_share_held{pool="two"} 0"#,
            r#"gateway_share_waiting{pool="one"} 0"#,
            r#"gateway_share_largest_holders{holder="a",pool="one",rank="1"} 4"#,
            r#"gateway_share_largest_holders{holder="b",pool="one",rank="2"} 3"#,
            r#"gateway_share_largest_holders{holder="none",pool="two",rank="3"} 0"#,
            r#"gateway_share_refusals_total{pool="one",reason="own_share"} 1"#,
            r#"gateway_share_refusals_total{pool="one",reason="all"} 1"#,
            r#"gateway_share_refusals_total{pool="two",reason="own_share"} 0"#,
        ],
    );
    assert_eq!(text.matches("rank=").count(), 6, "{text}");

    held.clear();
    let text = scrape(&registry);
    assert_told(&text, &[r#"gateway_share_held{pool="one"} 0"#]);
    assert!(!text.contains(r#"holder="a""#), "{text}");
}
