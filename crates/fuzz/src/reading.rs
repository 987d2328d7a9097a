//! A second reading of JSON (RFC 8259), written for this and slow, to check the real readers.

/// The content of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    /// A number as it was written.
    Number(String),
    /// A text, unescaped; `None` when it holds half of a surrogate pair.
    Text(Option<String>),
    List(Vec<Self>),
    Object(Vec<(Option<String>, Self)>),
}

/// Reads one value with nothing but white space around it, behind a byte order mark or not.
pub(crate) fn read(bytes: &[u8]) -> Option<Tree> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text };
    let tree = reader.value()?;
    reader.blanks();
    reader.rest.is_empty().then_some(tree)
}

impl Tree {
    /// Returns the member of this name.
    pub(crate) fn at(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let mut named = members
            .iter()
            .filter(|(known, _)| known.as_deref() == Some(name));
        named.next().map(|(_, value)| value)
    }

    /// Returns the number of members of this name.
    pub(crate) fn count(&self, name: &str) -> usize {
        let Self::Object(members) = self else {
            return 0;
        };
        let named = members
            .iter()
            .filter(|(known, _)| known.as_deref() == Some(name));
        named.count()
    }

    /// Returns a text, or a number as it is written; nothing when it is blank or something else.
    pub(crate) fn scalar(&self) -> Option<String> {
        let text = match self {
            Self::Text(text) => text.clone()?,
            Self::Number(digits) => digits.clone(),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Object(_) => return None,
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// Returns whether no object in it names a member twice, and all its texts are whole.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => true,
            Self::Text(text) => text.is_some(),
            Self::List(items) => items.iter().all(Self::is_sound),
            Self::Object(members) => members.iter().all(|(name, value)| {
                let once = name.as_deref().is_some_and(|name| self.count(name) == 1);
                once && value.is_sound()
            }),
        }
    }

    /// Returns the depth to which objects and lists are nested.
    pub(crate) fn depth(&self) -> usize {
        let inner = |trees: &mut dyn Iterator<Item = &Self>| trees.map(Self::depth).max();
        match self {
            Self::List(items) => 1 + inner(&mut items.iter()).unwrap_or(0),
            Self::Object(members) => {
                1 + inner(&mut members.iter().map(|(_, value)| value)).unwrap_or(0)
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn takes(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = self.rest.strip_prefix(letter)?;
        Some(letter)
    }

    fn value(&mut self) -> Option<Tree> {
        self.blanks();
        for (word, tree) in [
            ("null", Tree::Null),
            ("true", Tree::Bool(true)),
            ("false", Tree::Bool(false)),
        ] {
            if self.takes(word) {
                return Some(tree);
            }
        }
        if self.takes("\"") {
            return self.text().map(Tree::Text);
        }
        if self.takes("[") {
            return self.list();
        }
        if self.takes("{") {
            return self.object();
        }
        self.number()
    }

    fn list(&mut self) -> Option<Tree> {
        let mut items = Vec::new();
        self.blanks();
        if self.takes("]") {
            return Some(Tree::List(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            if self.takes("]") {
                return Some(Tree::List(items));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn object(&mut self) -> Option<Tree> {
        let mut members = Vec::new();
        self.blanks();
        if self.takes("}") {
            return Some(Tree::Object(members));
        }
        loop {
            self.blanks();
            if !self.takes("\"") {
                return None;
            }
            let name = self.text()?;
            self.blanks();
            if !self.takes(":") {
                return None;
            }
            members.push((name, self.value()?));
            self.blanks();
            if self.takes("}") {
                return Some(Tree::Object(members));
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    fn digits(&mut self) -> String {
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.to_owned()
    }

    fn number(&mut self) -> Option<Tree> {
        let mut written = String::new();
        if self.takes("-") {
            written.push('-');
        }
        let whole = self.digits();
        if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        written.push_str(&whole);
        if self.takes(".") {
            let decimals = self.digits();
            if decimals.is_empty() {
                return None;
            }
            written.push('.');
            written.push_str(&decimals);
        }
        if let Some(e @ ('e' | 'E')) = self.rest.chars().next() {
            self.next();
            written.push(e);
            if let Some(sign @ ('+' | '-')) = self.rest.chars().next() {
                self.next();
                written.push(sign);
            }
            let exponent = self.digits();
            if exponent.is_empty() {
                return None;
            }
            written.push_str(&exponent);
        }
        Some(Tree::Number(written))
    }

    /// Reads the rest of a string behind its quote: `None` when it is none, `Some(None)` when half
    /// a pair of surrogates stands in it.
    fn text(&mut self) -> Option<Option<String>> {
        let mut units: Vec<u16> = Vec::new();
        loop {
            match self.next()? {
                '"' => return Some(String::from_utf16(&units).ok()),
                '\\' => units.push(self.escape()?),
                letter if letter < ' ' => return None,
                letter => {
                    let mut two = [0; 2];
                    units.extend_from_slice(letter.encode_utf16(&mut two));
                }
            }
        }
    }

    fn escape(&mut self) -> Option<u16> {
        let letter = match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unit(),
            letter @ ('"' | '\\' | '/') => letter,
            _ => return None,
        };
        u16::try_from(u32::from(letter)).ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let mut unit: u32 = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.next()?.to_digit(16)?;
        }
        u16::try_from(unit).ok()
    }
}

/// Returns the minor units of `^[0-9]{1,16}(\.[0-9]{1,2})?$`, when they fit.
pub(crate) fn minor_units(text: &str) -> Option<i64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let all_digits = whole
        .chars()
        .chain(decimals.chars())
        .all(|c| c.is_ascii_digit());
    if !all_digits || !(1..=16).contains(&whole.len()) || decimals.len() > 2 {
        return None;
    }
    let minor: i128 = format!("{whole}{decimals:0<2}").parse().ok()?;
    i64::try_from(minor).ok()
}
