//! The place of a stack's database, for its owner and for the services.

use crate::servers::{postgres::Postgres, test_services::TestDatabase};

/// The place of a stack's database, and who removes it.
#[derive(Debug)]
pub(crate) enum Database {
    /// Somebody else's; only its address is known, and another for the services where there is one.
    Given {
        owner: String,
        services: Option<String>,
    },
    /// One of the test server's.
    Test(TestDatabase),
    /// On a server of the stack's own.
    Own(Box<Postgres>, &'static str),
}

impl Database {
    pub(super) fn url(&self) -> String {
        match self {
            Self::Given { owner, .. } => owner.clone(),
            Self::Test(database) => database.url(),
            Self::Own(postgres, name) => postgres.url(name),
        }
    }

    /// Returns the services' address, if they have a role of their own.
    pub(super) fn services_url(&self) -> Option<String> {
        match self {
            Self::Given { services, .. } => services.clone(),
            Self::Test(database) => Some(database.services_url()),
            Self::Own(postgres, name) => Some(postgres.services_url(name)),
        }
    }

    /// Returns the address that the services use.
    pub(super) fn url_of_services(&self) -> String {
        self.services_url().unwrap_or_else(|| self.url())
    }
}
