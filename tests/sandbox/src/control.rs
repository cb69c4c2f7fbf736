//! The control endpoint, `/_sandbox/…`: what EC2 has no call for. JSON, unsigned.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::churn::{Churn, Step};
use crate::faults::Fault;
use crate::http::Shared;
use crate::ledger::Ledger;
use crate::settings::Settings;

/// The routes under `/_sandbox`.
pub fn router() -> Router<Shared> {
    Router::new()
        .route("/ledger", get(ledger).delete(clear_ledger))
        .route("/reset", post(reset))
        .route(
            "/settings",
            get(settings).put(set_settings).patch(change_settings),
        )
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/churn", get(churn).put(set_churn).delete(clear_churn))
        .route("/clock", get(clock).post(set_clock))
        .route("/targets/share", post(share_target))
        .route("/target-health", post(set_health))
}

fn refused(text: impl ToString) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": text.to_string()}))).into_response()
}

#[derive(Deserialize)]
struct LedgerQuery {
    calls: Option<bool>,
}

async fn ledger(State(shared): State<Shared>, Query(query): Query<LedgerQuery>) -> Json<Value> {
    Json(shared.lock().ledger.to_json(query.calls.unwrap_or(true)))
}

async fn clear_ledger(State(shared): State<Shared>) -> Json<Value> {
    shared.lock().ledger = Ledger::default();
    Json(json!({}))
}

async fn reset(State(shared): State<Shared>) -> Response {
    match shared.lock().reset() {
        Ok(()) => Json(json!({})).into_response(),
        Err(error) => refused(error),
    }
}

async fn settings(State(shared): State<Shared>) -> Json<Settings> {
    Json(shared.lock().settings.clone())
}

async fn set_settings(State(shared): State<Shared>, Json(new): Json<Value>) -> Response {
    match serde_json::from_value::<Settings>(new) {
        Ok(new) => {
            shared.lock().settings = new.clone();
            Json(new).into_response()
        }
        Err(error) => refused(error),
    }
}

/// Changes only the fields that are given.
async fn change_settings(State(shared): State<Shared>, Json(change): Json<Value>) -> Response {
    let mut sandbox = shared.lock();
    let mut whole = json!(sandbox.settings);
    if let (Some(whole), Value::Object(change)) = (whole.as_object_mut(), change) {
        whole.extend(change);
    }
    match serde_json::from_value::<Settings>(whole) {
        Ok(new) => {
            sandbox.settings = new.clone();
            Json(new).into_response()
        }
        Err(error) => refused(error),
    }
}

async fn faults(State(shared): State<Shared>) -> Json<Vec<Fault>> {
    Json(shared.lock().faults.clone())
}

/// Takes one fault or a list of them.
async fn add_faults(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let list = if body.is_array() { body } else { json!([body]) };
    match serde_json::from_value::<Vec<Fault>>(list) {
        Ok(new) => {
            let mut sandbox = shared.lock();
            sandbox.faults.extend(new);
            Json(sandbox.faults.clone()).into_response()
        }
        Err(error) => refused(error),
    }
}

async fn clear_faults(State(shared): State<Shared>) -> Json<Value> {
    shared.lock().faults.clear();
    Json(json!({}))
}

async fn churn(State(shared): State<Shared>) -> Json<Vec<Step>> {
    Json(shared.lock().churn.steps.clone())
}

async fn set_churn(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    match serde_json::from_value::<Vec<Step>>(body) {
        Ok(steps) => {
            let mut sandbox = shared.lock();
            sandbox.churn = Churn {
                steps,
                since: sandbox.clock.now(),
                calls: Vec::new(),
            };
            Json(sandbox.churn.steps.clone()).into_response()
        }
        Err(error) => refused(error),
    }
}

async fn clear_churn(State(shared): State<Shared>) -> Json<Value> {
    shared.lock().churn = Churn::default();
    Json(json!({}))
}

async fn clock(State(shared): State<Shared>) -> Json<Value> {
    let sandbox = shared.lock();
    Json(json!({"now_ms": sandbox.clock.now(), "speed": sandbox.clock.speed()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<f64>,
    speed: Option<f64>,
}

async fn set_clock(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    match serde_json::from_value::<ClockChange>(body) {
        Ok(change) => {
            let mut sandbox = shared.lock();
            if let Some(speed) = change.speed {
                sandbox.clock.set_speed(speed);
            }
            if let Some(seconds) = change.advance_seconds {
                sandbox.clock.advance((seconds * 1000.0) as u64);
            }
            Json(json!({"now_ms": sandbox.clock.now(), "speed": sandbox.clock.speed()})).into_response()
        }
        Err(error) => refused(error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    region: String,
    traffic_mirror_target_id: String,
    accounts: Vec<String>,
}

/// Shares a target with exactly these accounts, as RAM does; an empty list withdraws it.
async fn share_target(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let share = match serde_json::from_value::<Share>(body) {
        Ok(share) => share,
        Err(error) => return refused(error),
    };
    let mut sandbox = shared.lock();
    let region = sandbox.world.regions.get_mut(&share.region);
    match region.and_then(|region| region.targets.get_mut(&share.traffic_mirror_target_id)) {
        Some(target) => {
            target.shared_with = share.accounts;
            Json(json!({})).into_response()
        }
        None => refused("no such target"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    region: String,
    target_group_arn: String,
    target_id: String,
    state: Option<String>,
}

/// Forces a registered target's health; null lets it follow its instance again.
async fn set_health(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let health = match serde_json::from_value::<Health>(body) {
        Ok(health) => health,
        Err(error) => return refused(error),
    };
    let mut sandbox = shared.lock();
    let region = sandbox.world.regions.get_mut(&health.region);
    let group = region.and_then(|region| region.target_groups.get_mut(&health.target_group_arn));
    match group.and_then(|group| group.members.iter_mut().find(|m| m.id == health.target_id)) {
        Some(member) => {
            member.health = health.state;
            Json(json!({})).into_response()
        }
        None => refused("no such registered target"),
    }
}
