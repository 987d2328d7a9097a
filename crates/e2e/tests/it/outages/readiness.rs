//! A service is ready when its database answers and is as new as the program; it says so on a
//! listener of its own.

use devstack::{Stack, run_sql};

use crate::support::{Http, quick};

const PROGRAMS: [&str; 2] = ["gateway-api-1", "callback-worker-1"];

async fn status(stack: &Stack, program: &str, path: &str) -> (u16, String) {
    let ops = stack.ops_url(program).unwrap();
    let answer = Http::new().get(&format!("{ops}{path}")).await;
    (answer.status, answer.text())
}

#[actix_rt::test]
async fn a_schema_that_is_behind_makes_it_not_ready() {
    let mut stack = quick().start().await.unwrap();
    for program in PROGRAMS {
        assert_eq!(status(&stack, program, "/readyz").await.0, 200);
    }
    let url = stack.database_url();
    let newest = "SELECT max(version) FROM __diesel_schema_migrations";
    let newest = run_sql(&url, newest).unwrap().trim().to_owned();
    let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{newest}'");
    run_sql(&url, &forget).unwrap();
    for program in PROGRAMS {
        let (code, text) = status(&stack, program, "/readyz").await;
        assert_eq!(code, 503, "{program}");
        assert!(
            text.contains("gatewayctl migrate"),
            "{program} says what to do: {text}"
        );
        assert_eq!(
            status(&stack, program, "/livez").await.0,
            200,
            "{program} lives"
        );
    }
    let again = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{newest}')");
    run_sql(&url, &again).unwrap();
    for program in PROGRAMS {
        assert_eq!(status(&stack, program, "/readyz").await.0, 200, "{program}");
    }
    stack.kill("ayolinx-sandbox").unwrap();
    for program in PROGRAMS {
        let (code, _) = status(&stack, program, "/readyz").await;
        assert_eq!(
            code, 200,
            "{program} does not need the provider to be ready"
        );
    }
}

#[actix_rt::test]
async fn metrics_are_told_and_name_no_secret() {
    let stack = quick().start().await.unwrap();
    for program in PROGRAMS {
        let (code, text) = status(&stack, program, "/metrics").await;
        assert_eq!(code, 200, "{program}");
        assert!(text.contains("# TYPE gateway_"), "{program}: {text}");
        for (name, value) in stack.settings() {
            if name.contains("SECRET") || name.contains("PEPPER") || name.contains("KEYS") {
                assert!(!text.contains(&value), "{program} tells {name}");
            }
        }
    }
}
