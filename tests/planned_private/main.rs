//! A host that does what Terraform 1.16 does with private data while it plans: what the first plan of an object keeps is handed
//! to the final one, in another process of the provider, of a replacement too.
//!
//! The provider is the real one, EC2 is `ec2-sandbox` with its sample fleet, in which an instance is tagged between the plans.

mod host;
// Another test uses the rest of it.
#[allow(dead_code)]
#[path = "../ec2_account/sandbox.rs"]
mod sandbox;

use host::{Host, Planned};
use sandbox::Sandbox;
use terraform_provider_mirror::planner::Tags;

/// An instance of the sample fleet that has no tag `Mirror`.
const UNTAGGED: &str = "i-0ddddddddddddddd6";

async fn tag_one_more(sandbox: &Sandbox) {
    let tags = Tags::from([("Mirror".to_owned(), "True".to_owned())]);
    let gone = sandbox
        .account()
        .await
        .create_tags(&[UNTAGGED.to_owned()], &tags)
        .await;
    assert_eq!(gone.unwrap(), [""; 0]);
}

/// The final plan, of another process, with what the first one kept.
async fn final_plan(sandbox: &Sandbox, first: &Planned) -> Planned {
    let host = Host::start(sandbox, true).await;
    host.plan(None, Vec::new(), first.private.clone()).await
}

#[tokio::test]
async fn the_final_plan_of_a_create_is_the_first_one() {
    let sandbox = Sandbox::sample();
    let first = Host::start(&sandbox, false)
        .await
        .plan(None, Vec::new(), Vec::new())
        .await;
    tag_one_more(&sandbox).await;

    let last = final_plan(&sandbox, &first).await;
    assert_eq!(last, first, "byte for byte");
    let alone = Host::start(&sandbox, false)
        .await
        .plan(None, Vec::new(), Vec::new())
        .await;
    assert_ne!(
        alone.state, first.state,
        "without it the plan sees what was tagged since"
    );
}

#[tokio::test]
async fn the_final_plan_of_a_replacement_is_the_first_one() {
    let sandbox = Sandbox::sample();
    let host = Host::start(&sandbox, false).await;
    let planned = host.plan(None, Vec::new(), Vec::new()).await;
    let made = host.apply(None, &planned).await;

    // Core asks twice: for the object that is there, and, told to replace it, for a new one that gets the private data of the
    // first answer.
    let host = Host::start(&sandbox, false).await;
    let refreshed = host.read(&made).await;
    assert_eq!(
        refreshed, made,
        "an apply saves what the next refresh finds, private data included"
    );
    let change = host
        .plan(Some(&refreshed.state), refreshed.private.clone(), Vec::new())
        .await;
    assert_eq!(change.state, refreshed.state, "nothing to do");
    let first = host.plan(None, change.private, Vec::new()).await;
    tag_one_more(&sandbox).await;

    let last = final_plan(&sandbox, &first).await;
    assert_eq!(last, first, "byte for byte");
}

/// A selector that selects the same as the usual one, and is another.
const EDITED: &str = "Tru*";

/// An object with the usual selector.
async fn made(sandbox: &Sandbox) -> Planned {
    let host = Host::start(sandbox, false).await;
    let planned = host.plan(None, Vec::new(), Vec::new()).await;
    host.apply(None, &planned).await
}

#[tokio::test]
async fn the_final_plan_with_an_edited_selector_is_the_first_one() {
    let sandbox = Sandbox::sample();
    let made = made(&sandbox).await;
    let plan = async || {
        let host = Host::start(&sandbox, false).await.selecting(EDITED);
        let read = host.read(&made).await;
        host.plan(Some(&read.state), read.private, Vec::new()).await
    };
    let first = plan().await;
    tag_one_more(&sandbox).await;
    // Whatever this one leaves for a final plan is not what the first one kept.
    let later = plan().await;
    assert_ne!(later.state, first.state, "a plan sees what was tagged since");

    let host = Host::start(&sandbox, true).await.selecting(EDITED);
    let last = host
        .plan(Some(&made.state), made.private.clone(), first.private.clone())
        .await;
    assert_eq!(last, first, "byte for byte");
    let applied = host.apply(Some(&made.state), &last).await;

    // What was tagged since is for the next plan.
    let host = Host::start(&sandbox, false).await.selecting(EDITED);
    let read = host.read(&applied).await;
    let next = host.plan(Some(&read.state), read.private, Vec::new()).await;
    assert_ne!(next.state, read.state);
}

#[tokio::test]
async fn the_final_plan_of_a_replacement_with_an_edited_selector_is_the_first_one() {
    let sandbox = Sandbox::sample();
    let made = made(&sandbox).await;
    let plan = async || {
        let host = Host::start(&sandbox, false).await.selecting(EDITED);
        let read = host.read(&made).await;
        let change = host.plan(Some(&read.state), read.private, Vec::new()).await;
        host.plan(None, change.private, Vec::new()).await
    };
    let first = plan().await;
    tag_one_more(&sandbox).await;
    let later = plan().await;
    assert_ne!(later.state, first.state, "a plan sees what was tagged since");

    let host = Host::start(&sandbox, true).await.selecting(EDITED);
    let last = host.plan(None, Vec::new(), first.private.clone()).await;
    assert_eq!(last, first, "byte for byte");
    host.apply(None, &last).await;
}
