//! Every secret and every personal datum that goes in is marked, all that the gateway can do and all
//! that can go wrong is done, and no mark is found in logs, traces, metrics, error bodies, command
//! lines, Redis, or in the database outside the columns that are named here.

mod console;
mod deeds;
mod places;
mod scene;

use std::collections::BTreeSet;

use self::places::{MAY_HOLD, database_columns};
use self::scene::Scene;

#[actix_rt::test]
async fn whatever_is_done_and_whatever_goes_wrong() {
    let mut scene = Scene::start().await;
    scene.pays_by_every_method().await;
    scene.asks_for_what_is_wrong().await;
    scene.says_what_the_provider_never_said().await;
    scene.is_refused_and_unheard().await;
    scene.loses_its_storage().await;
    scene.is_looked_after_by_an_operator();
    scene.is_looked_at_from_the_console().await;
    scene.is_started_with_settings_that_are_wrong();
    let alive = scene.while_it_runs().await;
    let columns = database_columns(&scene);
    let places = [alive, scene.after_its_end()].concat();

    let went_in: BTreeSet<&str> = scene
        .canaries
        .in_bytes(&scene.went_in())
        .into_iter()
        .collect();
    for name in scene.canaries.names() {
        assert!(went_in.contains(name), "{name} never went in");
    }
    let mut leaks = Vec::new();
    for (place, content) in &places {
        assert!(!content.is_empty(), "nothing was found at {place}");
        for name in scene.canaries.in_bytes(content) {
            leaks.push(format!("{name} in {place}"));
        }
    }
    let mut held = BTreeSet::new();
    for (column, content) in &columns {
        for name in scene.canaries.in_bytes(content.as_bytes()) {
            if MAY_HOLD.contains(&(column.as_str(), name)) {
                held.insert((column.as_str(), name));
            } else {
                leaks.push(format!("{name} in the column {column}"));
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{leaks:#?}\nlogs: {:?}",
        scene.kept_logs()
    );
    // A permission that nobody needs is a hole.
    let needless: Vec<_> = MAY_HOLD.iter().filter(|it| !held.contains(*it)).collect();
    assert!(needless.is_empty(), "{needless:?}");
}
