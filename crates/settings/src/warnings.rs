//! Warnings about settings that are allowed but should be known: logged once logging has started.

/// Sentences about the settings, none of which is a reason not to start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings(Vec<String>);

impl Warnings {
    pub(crate) fn add(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    /// Returns the sentences.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Logs each of them as a warning.
    pub fn log(&self) {
        for warning in &self.0 {
            tracing::warn!("{warning}");
        }
    }
}
