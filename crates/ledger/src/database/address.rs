//! The database's address with the parameters that keep a dead or demoted server from holding us.

/// Adds the parameters that keep a dead or demoted server from holding us, unless the operator set them.
pub(crate) fn with_safe_parameters(url: &str) -> String {
    // Kerberos is nobody's here, and its library aborts a process that ends while it is asked.
    const PARAMETERS: [(&str, &str); 7] = [
        ("connect_timeout", "2"),
        ("tcp_user_timeout", "5000"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "3"),
        ("keepalives_count", "3"),
        ("gssencmode", "disable"),
        ("target_session_attrs", "read-write"),
    ];
    let is_url = url.contains("://");
    let mut out = url.to_owned();
    for (name, value) in PARAMETERS {
        if url.contains(&format!("{name}=")) {
            continue;
        }
        if !is_url {
            out.push(' ');
        } else if out.contains('?') {
            out.push('&');
        } else {
            out.push('?');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
    out
}

/// Returns the client library's message on a failed attempt without what it quotes of an address that it
/// cannot read: that may be the password.
pub(crate) fn without_address(said: &str) -> String {
    if said.starts_with("connection to server") {
        return said.to_owned();
    }
    let unquoted: Vec<&str> = said.split('"').step_by(2).collect();
    unquoted.join("\"…\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_parameters_are_added_and_never_overridden() {
        let url = with_safe_parameters("postgres://u@h/db");
        assert!(url.starts_with("postgres://u@h/db?connect_timeout=2&"));
        assert!(url.ends_with("target_session_attrs=read-write"));
        let own = with_safe_parameters("postgres://u@h/db?connect_timeout=9");
        assert!(own.contains("connect_timeout=9&") && !own.contains("connect_timeout=2"));
        assert!(with_safe_parameters("host=/tmp dbname=x").contains(" connect_timeout=2"));
    }

    #[test]
    fn an_address_that_cannot_be_read_is_not_repeated() {
        let odd =
            r#"end of string reached when looking for matching "]" in URI: "postgres://u:pass@[""#;
        let said = without_address(odd);
        assert!(
            !said.contains("pass") && said.starts_with("end of string"),
            "{said}"
        );
        let away = r#"connection to server at "10.0.0.1", port 5432 failed"#;
        assert_eq!(without_address(away), away);
    }
}
