//! The written documents and the code name the same things.

use gateway_api::http::error::{ErrorCode, FieldCode};

const ERRORS: &str = include_str!("../../../../docs/ERRORS.md");

#[test]
fn every_error_code_has_its_section() {
    for code in ErrorCode::ALL {
        let heading = format!("\n## {}\n", code.as_str());
        assert!(
            ERRORS.contains(&heading),
            "docs/ERRORS.md lacks {}",
            code.as_str()
        );
    }
    let sections = ERRORS.lines().filter_map(|line| line.strip_prefix("## "));
    for section in sections.filter(|section| section.contains('_')) {
        let known = ErrorCode::ALL.iter().any(|code| code.as_str() == section);
        assert!(
            known,
            "docs/ERRORS.md describes {section}, which no reply carries"
        );
    }
}

#[test]
fn every_field_code_is_explained() {
    for code in FieldCode::ALL {
        assert!(
            ERRORS.contains(&format!("`{}`", code.as_str())),
            "{}",
            code.as_str()
        );
    }
}
