//! No secret can be compared with `==`, whose time tells how much of a guess was right (S6).

use ayolinx_core::api_key::ApiKey;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey};

/// Two ways to be named, where a type may be compared, and one where it may not: then only does
/// `named` mean something, and this file compiles.
trait Named<Which> {
    fn named() -> &'static str {
        std::any::type_name::<Self>()
    }
}

struct ByAnybody;
struct ByThoseThatCompare;

impl<T> Named<ByAnybody> for T {}
impl<T: PartialEq> Named<ByThoseThatCompare> for T {}

#[test]
fn by_the_compiler() {
    let names = [
        <Secret as Named<_>>::named(),
        <ClientSecret as Named<_>>::named(),
        <RsaSigningKey as Named<_>>::named(),
        <ApiKey as Named<_>>::named(),
    ];
    assert!(names.iter().all(|name| name.starts_with("ayolinx_core::")));
    let comparable = <String as Named<ByThoseThatCompare>>::named();
    assert_eq!(comparable, <String as Named<ByAnybody>>::named());
}
