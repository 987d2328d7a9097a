//! Minifying and respelling: nothing but white space outside strings may go, and the meaning of the
//! JSON may not change, for signatures are over the result.

use ayolinx_core::json_style::{minify, php_reencode};

use crate::reading::{Tree, read};

pub(crate) fn run(data: &[u8]) {
    let small = minify(data);
    assert_eq!(small, by_strings(data), "two ways to minify");
    assert_eq!(minify(&small), small, "minified twice");
    let tree = read(data);
    if tree.is_some() {
        assert_eq!(read(&small), tree, "minified, it says something else");
    }
    let Ok(respelt) = php_reencode(data) else {
        return;
    };
    let (Some(before), Some(after)) = (tree, read(&respelt)) else {
        panic!("what is no JSON was respelt");
    };
    assert_eq!(without_objects(before), without_objects(after));
    assert_eq!(minify(&respelt), respelt, "respelt, it is not minified");
    assert_eq!(php_reencode(&respelt).ok().as_ref(), Some(&respelt));
    assert!(respelt.is_ascii(), "PHP escapes what is not ASCII");
}

/// Keeps whole strings; of the bytes between them, all but white space.
fn by_strings(data: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = data;
    while let Some((first, after)) = rest.split_first() {
        if *first == b'"' {
            let length = string_length(rest);
            let (string, behind) = rest.split_at(length);
            kept.extend_from_slice(string);
            rest = behind;
        } else {
            if !b" \t\n\r".contains(first) {
                kept.push(*first);
            }
            rest = after;
        }
    }
    kept
}

/// Returns the length from a quote to the quote that ends it, or to the end.
fn string_length(data: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match data.get(at) {
            None => return data.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at = (at + 2).min(data.len()),
            Some(_) => at += 1,
        }
    }
}

/// Replaces empty objects: PHP has none and spells one as an empty list.
fn without_objects(tree: Tree) -> Tree {
    match tree {
        Tree::Object(members) if members.is_empty() => Tree::List(Vec::new()),
        Tree::Object(members) => Tree::Object(
            members
                .into_iter()
                .map(|(name, value)| (name, without_objects(value)))
                .collect(),
        ),
        Tree::List(items) => Tree::List(items.into_iter().map(without_objects).collect()),
        other => other,
    }
}
