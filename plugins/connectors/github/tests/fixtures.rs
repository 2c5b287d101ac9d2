//! Every file in `fixtures`: a webhook and the events that it holds, or an action and the requests that carry it out.

use deskbell::testing::TestHost;
use deskbell_plugin_github::GitHub;

#[test]
fn every_fixture_comes_out_as_it_says() {
    let mut paths: Vec<_> = std::fs::read_dir("fixtures")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        TestHost::check_connector_fixture::<GitHub>(path);
    }
}
