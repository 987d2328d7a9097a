//! Postgres refuses to run as root, so root runs it as somebody without rights.

use std::{fs, os::unix::fs::chown, path::Path};

use crate::system::error::{Attempting, Trouble};

/// A user to run a program as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

const NOBODY: Account = Account {
    uid: 65534,
    gid: 65534,
};

impl Account {
    /// Returns the account for servers that must not be root: none when we are not root ourselves,
    /// else `postgres` where there is one, else nobody.
    pub(crate) fn for_servers() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Some(named(&users, "postgres").unwrap_or(NOBODY))
    }

    /// Gives a file or folder to this account.
    pub(crate) fn own(self, path: &Path) -> Result<(), Trouble> {
        chown(path, Some(self.uid), Some(self.gid)).attempting(format!(
            "give {} to user {}",
            path.display(),
            self.uid
        ))
    }
}

fn named(users: &str, name: &str) -> Option<Account> {
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let users = "postgresql:x:1:2::/:\npostgres:x:101:104:PostgreSQL,,,:/var/lib:/bin/sh\n";
        let expected = Account { uid: 101, gid: 104 };
        assert_eq!(named(users, "postgres"), Some(expected));
        assert_eq!(named(users, "redis"), None);
    }
}
