//! An operator mistypes, signs in, seeks and looks: what is typed in there is marked too.

use crate::support::{Operator, an_order, letters};

use super::scene::Scene;

const EMAIL: &str = "siti@example.co.id";

impl Scene {
    pub(super) async fn is_looked_at_from_the_console(&mut self) {
        let made = Operator::add(&self.stack, EMAIL, "operator");
        let password = self.canaries.add("operator's password", made);
        let mistyped = letters() + &letters();
        let mistyped = self.canaries.add("what was typed as a name", mistyped);
        let sought = self.canaries.add("what was sought", letters());
        let mut operator = Operator::stranger(&self.stack);
        let nobody = format!("{mistyped}@x.id");
        operator.sign_in(&nobody, &password).await.expect(401);
        operator.sign_in(EMAIL, &mistyped).await.expect(401);
        operator.sign_in(EMAIL, &password).await.expect(303);
        let cookie = operator.cookie.clone().unwrap();
        let (_, token) = cookie.split_once('=').unwrap();
        let token = self.canaries.add("operator's session", token);
        let form = operator.form_token().await;
        let form = self.canaries.add("operator's form token", form);
        operator
            .get(&format!("/search?q={sought}"))
            .await
            .expect(200);
        let order = self.shop.made(&an_order("qris")).await;
        let page = format!("/orders/{}", order["id"].as_str().unwrap());
        operator.get(&page).await.expect(200);
        operator
            .press(&format!("{page}/customer"), &[])
            .await
            .expect(200);
        let typed = [password, mistyped, sought, token, form].join("\n");
        self.sent.extend(typed.into_bytes());
    }
}
