//! The account: its credentials, its identity and the clients of its regions.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ec2::Client;
use aws_sdk_elasticloadbalancingv2::Client as ElbClient;
use tokio_util::sync::CancellationToken;

use super::call::{Call, Manner, without_userinfo};
use super::connect::Loaded;
use super::error::{Details, ErrorKind};
use super::snapshot::Snapshot;
use super::{AccountConfig, Action, Ec2Error, Endpoints, connect, retry};

/// An AWS account in one region. Cheap to clone; all clones and regions share credentials and connections.
#[derive(Clone)]
pub struct Account {
    region: String,
    clients: Clients,
    /// When whoever holds this began to read, see [`Account::reader`].
    arrived: u64,
    /// Tells calls that wait for their turn to give up.
    stop: CancellationToken,
    shared: Arc<Shared>,
}

/// The clients of one region.
#[derive(Clone)]
struct Clients {
    ec2: Client,
    elb: ElbClient,
}

struct Shared {
    sdk: aws_config::SdkConfig,
    endpoints: Endpoints,
    account_id: String,
    partition: String,
    manner: Manner,
    /// Clients by region.
    clients: Mutex<HashMap<String, Clients>>,
    snapshot: Snapshot,
}

impl Account {
    /// Finds region and credentials and asks STS whose they are.
    ///
    /// # Errors
    /// A missing region, missing or refused credentials, an endpoint that is no URL or does not answer.
    pub async fn connect(config: AccountConfig) -> Result<Self, Ec2Error> {
        let Loaded {
            region,
            sdk,
            sts,
            manner,
        } = connect::load(&config).await?;
        let (account_id, partition) = if config.skip_account {
            (String::new(), partition_of(&region).to_owned())
        } else {
            identity(&sts, &manner, config.endpoints.sts.as_deref())
                .await
                .map_err(|error| error.of_profile(config.profile.as_deref()))?
        };
        check_account(&config, &account_id, &region)?;
        let clients = Clients::new(&sdk, &region, &config.endpoints);
        let shared = Shared {
            sdk,
            endpoints: config.endpoints,
            account_id,
            partition,
            manner,
            clients: Mutex::new(HashMap::from([(region.clone(), clients.clone())])),
            snapshot: Snapshot::default(),
        };
        Ok(Self {
            region,
            clients,
            arrived: 0,
            stop: CancellationToken::new(),
            shared: Arc::new(shared),
        })
    }

    /// The same account in another region.
    pub fn in_region(&self, region: &str) -> Self {
        let mut known = self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = known
            .entry(region.to_owned())
            .or_insert_with(|| Clients::new(&self.shared.sdk, region, &self.shared.endpoints));
        Self {
            region: region.to_owned(),
            clients: clients.clone(),
            arrived: self.arrived,
            stop: self.stop.clone(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// The account for a reader that arrives now. What was read before is good enough for it after
    /// [`Account::begin_plan`], until [`Account::begin_apply`].
    pub fn reader(&self) -> Self {
        Self {
            arrived: self.shared.snapshot.moment(),
            ..self.clone()
        }
    }

    /// The same account, where calls that wait for their turn are given up once `stop` is cancelled.
    pub fn until(&self, stop: CancellationToken) -> Self {
        Self { stop, ..self.clone() }
    }

    /// Ends when calls that wait are to be given up.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// This walk is known to plan: nobody changes anything meanwhile that its readers could depend on, and they share answers.
    pub fn begin_plan(&self) {
        self.shared.snapshot.begin_plan();
    }

    /// Something is about to be changed: from now on readers take no answer that was asked for before they arrived.
    pub fn begin_apply(&self) {
        self.shared.snapshot.begin_apply();
    }

    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.shared.snapshot
    }

    /// For example `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The twelve digits of the account; empty when STS was not to be asked.
    pub fn account_id(&self) -> &str {
        &self.shared.account_id
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        &self.shared.partition
    }

    pub(super) fn client(&self) -> &Client {
        &self.clients.ec2
    }

    /// The client of Elastic Load Balancing.
    pub(super) fn elb(&self) -> &ElbClient {
        &self.clients.elb
    }

    pub(super) fn call(&self, action: Action) -> Call {
        Call::start(action, &self.region, &self.shared.manner)
    }

    /// A call that is tried again by the caller when it is throttled, and at most so often in all.
    pub(super) fn paced_call(&self, action: Action, attempts: u32) -> Call {
        let manner = Manner {
            max_attempts: attempts,
            is_paced: true,
            ..self.shared.manner.clone()
        };
        Call::start(action, &self.region, &manner)
    }

    /// Attempts of a call in all; at least one.
    pub(super) fn max_attempts(&self) -> u32 {
        self.shared.manner.max_attempts.max(1)
    }

    /// Whose calls EC2 counts together: those of an account at an endpoint.
    pub(super) fn counted_as(&self) -> String {
        let endpoint = self.shared.endpoints.ec2.as_deref().unwrap_or_default();
        match self.shared.account_id.as_str() {
            // Not known: this provider block's own.
            "" => format!("{endpoint} {:p}", Arc::as_ptr(&self.shared)),
            account => format!("{endpoint} {account}"),
        }
    }

    /// An answer without something that the API model promises.
    pub(super) fn incomplete(&self, action: Action, what: &str) -> Ec2Error {
        let message = format!("the answer has no {what}");
        self.error(action, ErrorKind::Incomplete(what.to_owned()), message)
    }

    /// An error that was noticed here.
    pub(super) fn error(&self, action: Action, kind: ErrorKind, message: String) -> Ec2Error {
        let mut details = Details::new(Some(action), kind, message);
        details.region = Some(self.region.clone());
        let endpoints = &self.shared.endpoints;
        let endpoint = match action.service() {
            "sts" => &endpoints.sts,
            "elasticloadbalancing" => &endpoints.elbv2,
            _ => &endpoints.ec2,
        };
        details.url = endpoint.as_deref().map(without_userinfo);
        Ec2Error::new(details, None)
    }
}

/// Shows no configuration: it holds credentials.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("account_id", &self.shared.account_id)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Clients {
    fn new(sdk: &aws_config::SdkConfig, region: &str, endpoints: &Endpoints) -> Self {
        let mut ec2 = aws_sdk_ec2::config::Builder::from(sdk)
            .region(aws_sdk_ec2::config::Region::new(region.to_owned()))
            .retry_partition(retry::partition());
        if let Some(url) = &endpoints.ec2 {
            ec2 = ec2.endpoint_url(url);
        }
        let mut elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(sdk)
            .region(aws_sdk_elasticloadbalancingv2::config::Region::new(
                region.to_owned(),
            ))
            .retry_partition(retry::partition());
        if let Some(url) = &endpoints.elbv2 {
            elb = elb.endpoint_url(url);
        }
        Self {
            ec2: Client::from_conf(ec2.build()),
            elb: ElbClient::from_conf(elb.build()),
        }
    }
}

/// Refuses an account that the configuration does not allow, before anything is done in it.
fn check_account(config: &AccountConfig, account_id: &str, region: &str) -> Result<(), Ec2Error> {
    let allowed = &config.allowed_account_ids;
    let has = |list: &[String]| list.iter().any(|id| id == account_id);
    let message = if !allowed.is_empty() && !has(allowed) {
        format!(
            "the credentials are of AWS account {account_id}, which `allowed_account_ids` does not list: {}",
            allowed.join(", ")
        )
    } else if has(&config.forbidden_account_ids) {
        format!("the credentials are of AWS account {account_id}, which `forbidden_account_ids` lists")
    } else {
        return Ok(());
    };
    let mut details = Details::new(None, ErrorKind::WrongAccount, message);
    details.region = Some(region.to_owned());
    Err(Ec2Error::new(details, None))
}

/// The partition of a region, by the prefixes that AWS gives them.
fn partition_of(region: &str) -> &'static str {
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    prefixes
        .into_iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// Account id and partition of the credentials.
async fn identity(
    sdk: &aws_config::SdkConfig,
    manner: &Manner,
    endpoint: Option<&str>,
) -> Result<(String, String), Ec2Error> {
    let region = sdk.region().map_or("", |region| region.as_ref());
    let mut config = aws_sdk_sts::config::Builder::from(sdk).retry_partition(retry::partition());
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    let sts = aws_sdk_sts::Client::from_conf(config.build());
    let action = Action::GetCallerIdentity;
    let call = Call::start(action, region, manner);
    let identity = call.end(
        sts.get_caller_identity()
            .customize()
            .interceptor(call.probe())
            .send()
            .await,
    )?;
    // arn:PARTITION:iam::ACCOUNT:user/NAME
    let partition = identity.arn().and_then(|arn| arn.split(':').nth(1));
    match (identity.account(), partition) {
        (Some(account), Some(partition)) => Ok((account.to_owned(), partition.to_owned())),
        (account, _) => {
            let what = if account.is_none() { "Account" } else { "Arn" };
            let message = format!("the answer has no {what}");
            let mut details = Details::new(Some(action), ErrorKind::Incomplete(what.to_owned()), message);
            details.region = Some(region.to_owned());
            details.url = endpoint.map(without_userinfo);
            Err(Ec2Error::new(details, None))
        }
    }
}
