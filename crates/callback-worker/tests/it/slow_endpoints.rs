//! However many endpoints are slow, and of however few shops, another shop's endpoint is told: real Postgres, real
//! sockets, the worker's looks one by one.

use std::time::Duration;

use ayolinx_core::ids::{EndpointId, MerchantId};
use ayolinx_core::secret::Secret;
use ledger::NewEndpoint;
use service_shell::pace::Did;
use uuid::Uuid;

use crate::deliveries::{NEW, OLD, PATIENCE, Worker, hanging_shop, receiver};

/// Nothing that hangs ends while a test runs.
const TRY_TIMEOUT: Duration = Duration::from_secs(600);
const SCHEDULE: &str = "0s,1m";
const AT_ONCE_MAX: usize = 256;

async fn shop(worker: &Worker) -> MerchantId {
    let merchant = MerchantId::from_uuid(Uuid::now_v7());
    let add = move |tx: &mut ledger::Tx<'_>| tx.add_merchant(merchant, "Warung");
    worker.run(add).await;
    merchant
}

async fn endpoint_of(
    worker: &Worker,
    merchant_id: MerchantId,
    url: &str,
    secret: &str,
) -> EndpointId {
    let id = EndpointId::from_uuid(Uuid::now_v7());
    let new = NewEndpoint {
        id,
        merchant_id,
        url: url.to_owned(),
        event_types: None,
        secret: Secret::new(secret.to_owned()),
    };
    worker.run(move |tx| tx.add_endpoint(&new)).await;
    id
}

/// Twenty webhooks due at each endpoint.
async fn due_at(worker: &Worker, endpoints: &[(MerchantId, EndpointId)]) {
    for (merchant, endpoint) in endpoints.iter().copied() {
        worker
            .run(move |tx| {
                for _ in 0..20 {
                    tx.send_test(merchant, endpoint)?;
                }
                Ok(())
            })
            .await;
    }
}

/// Looks until one finds nothing that it may claim.
async fn look(worker: &Worker) {
    for _ in 0..1000 {
        if matches!(worker.deliverer.run_once().await.unwrap(), Did::Nothing) {
            return;
        }
    }
    panic!("it claims for ever");
}

async fn another_is_told_beside(shops: usize, endpoints_of_each: usize) {
    let worker = Worker::still(SCHEDULE, TRY_TIMEOUT).await;
    let (url, _waiting) = hanging_shop();
    let mut slow = Vec::new();
    for _ in 0..shops {
        let merchant = shop(&worker).await;
        for _ in 0..endpoints_of_each {
            slow.push((merchant, endpoint_of(&worker, merchant, &url, OLD).await));
        }
    }
    due_at(&worker, &slow).await;
    look(&worker).await;
    let taken = worker.deliverer.under_way();
    assert!(taken < AT_ONCE_MAX, "{taken} places are taken");
    assert!(taken >= AT_ONCE_MAX / 2, "only {taken} places are used");

    let other = receiver(NEW);
    let endpoint = worker.endpoint(&other.url(), NEW).await;
    let merchant = worker.merchant;
    let sent = worker.run(move |tx| tx.send_test(merchant, endpoint)).await;
    let id = sent.id.to_string();
    let told = other.wait_for(PATIENCE, |one| one.id == id);
    let looks = async {
        loop {
            look(&worker).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let told = tokio::select! {
        told = told => told,
        () = looks => None,
    };
    assert!(told.is_some(), "beside {taken} that hang");
}

#[actix_web::test]
async fn of_one_shop() {
    another_is_told_beside(1, 24).await;
}

#[actix_web::test]
async fn of_a_few_shops() {
    another_is_told_beside(3, 8).await;
}

#[actix_web::test]
async fn of_as_many_shops() {
    another_is_told_beside(20, 1).await;
}
