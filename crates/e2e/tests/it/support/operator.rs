//! An operator at the console, as a browser: keeps its cookie, follows no redirect by itself, and sends
//! forms with what the page gave it.

use devstack::Stack;

use super::http::{Answer, Http};

/// The operator. Belongs to the thread that made it.
#[derive(Clone)]
pub(crate) struct Operator {
    http: Http,
    pub(crate) console: String,
    pub(crate) cookie: Option<String>,
}

impl Operator {
    /// Nobody yet.
    pub(crate) fn stranger(stack: &Stack) -> Self {
        Self {
            http: Http::on_new_connections(),
            console: stack.console_url(),
            cookie: None,
        }
    }

    /// Added by `gatewayctl` in this role, which makes a password; signed in with it.
    pub(crate) async fn new(stack: &Stack, email: &str, role: &str) -> Self {
        let password = Self::add(stack, email, role);
        let mut operator = Self::stranger(stack);
        let answer = operator.sign_in(email, &password).await.expect(303);
        assert_eq!(answer.header("location"), Some("/"));
        operator
    }

    /// The password of one that was added.
    pub(crate) fn add(stack: &Stack, email: &str, role: &str) -> String {
        let name = ["--name", "Siti Rahma", "--email", email, "--role", role];
        let arguments: Vec<&str> = ["operators", "add"].into_iter().chain(name).collect();
        // On a busy machine a connection may not come in time; then nothing was added.
        let mut tries = (0..10).map(|_| stack.gatewayctl_json(&arguments));
        let added = tries.find_map(Result::ok).expect("it is added");
        added["password"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let answer = self
            .submit("/sign-in", &[("email", email), ("password", password)])
            .await;
        if let Some(cookie) = answer.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.console);
        let mut headers = Vec::new();
        if let Some(cookie) = &self.cookie {
            headers.push(("cookie", cookie.as_str()));
        }
        self.http.send("GET", &url, &headers, Vec::new()).await
    }

    /// A form as the console's own page sends it, without its token.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = self.console.clone();
        self.submit_with(path, fields, &[("origin", &origin)]).await
    }

    pub(crate) async fn submit_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        if let Some(cookie) = &self.cookie {
            all.push(("cookie", cookie.as_str()));
        }
        let url = format!("{}{path}", self.console);
        let body = form.into_bytes();
        self.http.send("POST", &url, &all, body).await
    }

    /// Presses a button: the form with what the page gave it.
    pub(crate) async fn press(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token().await;
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.submit(path, &all).await
    }

    /// What the forms of this session carry.
    pub(crate) async fn form_token(&self) -> String {
        let page = self.get("/log").await.expect(200).text();
        value_of(&page, "csrf")
    }

    /// The rows of the log: what, on what, outcome.
    pub(crate) fn log(stack: &Stack) -> Vec<String> {
        let rows = devstack::run_sql(
            &stack.database_url(),
            "SELECT concat_ws('|', o.email, a.action, a.target, a.outcome) \
             FROM operator_actions a LEFT JOIN operators o ON o.id = a.operator_id ORDER BY a.id",
        );
        rows.unwrap().lines().map(str::to_owned).collect()
    }
}

/// As browsers do; what need not be is encoded too.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The value of the first field of this name in a page.
pub(crate) fn value_of(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    let rest = page.split(&field).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split('"').next().unwrap().to_owned()
}
