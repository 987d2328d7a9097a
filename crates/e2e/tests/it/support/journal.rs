//! The sandbox's own record of what it was asked and what it answered.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::orders::unique;

/// A journal file, removed with the value.
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(unique("sandbox-journal")))
    }

    pub(crate) fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.0).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The provider accepted no create of the same payment twice.
    #[track_caller]
    pub(crate) fn assert_nothing_was_accepted_twice(&self) {
        const CREATES: [&str; 5] = [
            "qris_generate",
            "ewallet_payment",
            "va_create",
            "retail_create",
            "link_create",
        ];
        let mut accepted: BTreeMap<String, u32> = BTreeMap::new();
        for line in self.lines() {
            let is_create = CREATES.iter().any(|call| line["call"] == *call);
            let code = line["responseCode"].as_str().unwrap_or_default();
            if is_create && (code.starts_with("200") || code == "00") {
                *accepted.entry(line["reference"].to_string()).or_default() += 1;
            }
        }
        assert!(!accepted.is_empty(), "no create is on record");
        accepted.retain(|_, times| *times > 1);
        assert!(accepted.is_empty(), "accepted more than once: {accepted:?}");
    }

    /// How often this call was served.
    pub(crate) fn count(&self, call: &str) -> usize {
        self.lines()
            .iter()
            .filter(|line| line["call"] == call)
            .count()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}
