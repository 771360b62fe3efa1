//! Two years of key rotations on the emulator: the real planner and engine publish and retire, clusters sign, and Entra's
//! token service verifies with caches that are as old as they may be. Operators nap, try what they must not, and
//! crash at any request; the next one goes on from the live documents and the file.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use trustform::apply::engine::{Effect, Engine, Event};
use trustform::emulator::fault::Fault;
use trustform::emulator::jwt::SigningKey;
use trustform::emulator::request::Request as Http;
use trustform::emulator::store::text as member;
use trustform::emulator::{Answer, handle, resume};
use trustform::keys::rotation::{Phase, Policy, phase};
use trustform::kinds::application::emulator::APPLICATIONS;
use trustform::kinds::oidc_issuer::rotation::published;
use trustform::kinds::{document, oidc_issuer};
use trustform::model::desired::Desired;
use trustform::model::live::Live;
use trustform::model::plan::Plan;
use trustform::model::step::{Reply, Request, Service};
use trustform::observe;
use trustform::plan::{self, Allow, Options};

use crate::simulation::history::{Dice, History, Trouble};
use crate::simulation::stack::{STACK, TENANT, load};
use crate::simulation::state::{DOCUMENTS, ISSUER, document as served};
use crate::simulation::world::{Sent, World};

const HOUR: u64 = 3_600_000;
/// What the policy assumes of caches, and the longest life of a token.
const CACHED: u64 = 24 * HOUR;
const LIFE: u64 = 24;
const SUBJECT: &str = "system:serviceaccount:shop:checkout";

/// `SEEDS=from..to` plays others.
#[test]
fn two_years_of_rotations() {
    let (from, to) = match std::env::var("SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").expect("SEEDS=from..to");
            (from.parse().expect("from"), to.parse().expect("to"))
        }
        Err(_) => (0, 2),
    };
    let mut seen = Seen::default();
    for seed in from..to {
        let mut cluster = Cluster::new(seed, Haste::None);
        assert_eq!(cluster.two_years(), Ok(()), "seed {seed}");
        seen.add(&cluster.seen);
    }
    println!("seeds {from}..{to}: {seen:?}");
    let each = (to - from) as usize;
    assert!(seen.retired > 5 * each, "keys come and go: {seen:?}");
    assert!(seen.crashes > 2 * each, "processes die: {seen:?}");
    assert!(seen.refused > each, "guards are needed: {seen:?}");
    assert!(seen.stolen > each, "old keys are tried again: {seen:?}");
}

/// Whoever signs before caches have the key, or retires one in spite of the guard, is found out.
#[test]
fn haste_is_found_out() {
    for haste in [Haste::Signs, Haste::Retires] {
        let mut cluster = Cluster::new(7, haste);
        let why = cluster.two_years().expect_err("a token is refused");
        assert!(why.contains("AADSTS7000272"), "{why}");
    }
}

/// What an operator does not wait for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Haste {
    None,
    Signs,
    Retires,
}

/// What happened over all, to know that something did.
#[derive(Debug, Default)]
struct Seen {
    applies: usize,
    crashes: usize,
    refused: usize,
    retired: usize,
    exchanges: usize,
    stolen: usize,
}

impl Seen {
    fn add(&mut self, other: &Seen) {
        self.applies += other.applies;
        self.crashes += other.crashes;
        self.refused += other.refused;
        self.retired += other.retired;
        self.exchanges += other.exchanges;
        self.stolen += other.stolen;
    }
}

/// A `signing_key` block.
#[derive(Clone, Debug, PartialEq)]
struct Block {
    number: usize,
    signs_since: Option<String>,
}

#[derive(Clone, Debug)]
struct Token {
    number: usize,
    expires: u64,
    jwt: String,
}

/// One of Entra's caches: the documents as they were fetched at a time.
struct Cache {
    fetched: u64,
    jwks: String,
}

#[derive(Debug, PartialEq)]
enum Ended {
    Done,
    Refused,
    Crashed,
}

struct Cluster {
    world: World,
    dice: Dice,
    /// What is in the repository.
    file: Vec<Block>,
    made: usize,
    /// The key that the cluster signs with.
    signer: usize,
    tokens: Vec<Token>,
    caches: Vec<Cache>,
    /// Every set that was served, from when on.
    versions: Vec<(u64, String)>,
    /// Keys that were taken off, and when.
    retired: BTreeMap<usize, u64>,
    client_id: String,
    seen: Seen,
    haste: Haste,
}

fn kid(number: usize) -> String {
    format!("key-{number}")
}

/// A few keys for all: a name is never used twice, and what is published at one time has different ones.
fn key(number: usize) -> &'static (SigningKey, String) {
    static POOL: OnceLock<Vec<(SigningKey, String)>> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        let make = |_| {
            let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
            let private: Pkcs8V1Der = pair.as_der().expect("its encoding");
            let public: PublicKeyX509Der = pair.public_key().as_der().expect("its public half");
            let signing = SigningKey::new(private.as_ref().to_vec()).expect("a signing key");
            (signing, STANDARD.encode(public.as_ref()))
        };
        (0..6).map(make).collect()
    });
    &pool[number % pool.len()]
}

impl Cluster {
    fn new(seed: u64, haste: Haste) -> Self {
        let world = World::new(&History {
            seed,
            ..History::default()
        });
        let mut cluster = Self {
            world,
            dice: Dice::new(seed ^ 0x5eed),
            file: vec![Block {
                number: 0,
                signs_since: None,
            }],
            made: 1,
            signer: 0,
            tokens: Vec::new(),
            caches: Vec::new(),
            versions: Vec::new(),
            retired: BTreeMap::new(),
            client_id: String::new(),
            seen: Seen::default(),
            haste,
        };
        let first = cluster.file.clone();
        assert_eq!(cluster.apply(&first), Ended::Done);
        cluster.client_id = client_id(&cluster.world);
        for _ in 0..2 {
            let age = cluster.dice.below(24) * HOUR;
            let jwks = cluster.versions[0].1.clone();
            let fetched = cluster.world.now - age;
            cluster.caches.push(Cache { fetched, jwks });
        }
        cluster
    }

    fn text(&self, file: &[Block]) -> String {
        let mut text = format!(
            "stack \"{STACK}\" {{\n  tenant_id = \"{TENANT}\"\n}}\noidc_issuer \"cluster\" {{\n  storage_account = \"simissuer\"\n  container = \"oidc\"\n"
        );
        for block in file {
            let public = &key(block.number).1;
            text.push_str(&format!("  signing_key \"k{:03}\" {{\n    public_key = \"-----BEGIN PUBLIC KEY-----\\n{public}\\n-----END PUBLIC KEY-----\\n\"\n    kid = \"{}\"\n", block.number, kid(block.number)));
            if let Some(since) = &block.signs_since {
                text.push_str(&format!("    signs_since = \"{since}\"\n"));
            }
            text.push_str("  }\n");
        }
        text.push_str(&format!("}}\napplication \"checkout\" {{\n  display_name = \"sim checkout\"\n  federated_credential \"pods\" {{\n    issuer = oidc_issuer.cluster.url\n    subject = \"{SUBJECT}\"\n  }}\n}}\n"));
        text
    }

    fn two_years(&mut self) -> Result<(), String> {
        let end = self.world.now + 2 * 365 * 24 * HOUR;
        while self.world.now < end {
            let nap = match self.dice.below(10) {
                0 => 1 + self.dice.below(40) * 24,
                1..=4 => 1 + self.dice.below(96),
                _ => 1 + self.dice.below(30),
            };
            let minutes = self.dice.below(60) * 60_000;
            self.sleep(nap * HOUR + minutes)?;
            let file = self.file.clone();
            if self.apply(&file) != Ended::Done {
                continue;
            }
            self.operate();
            self.mint();
            self.probe()?;
        }
        self.sleep(3 * CACHED)
    }

    /// What an operator does next, from the live documents alone.
    fn operate(&mut self) {
        let desired = load(&self.text(&self.file));
        let Some(live) = self.read(&desired) else {
            return;
        };
        let issuer = desired
            .of_kind(oidc_issuer::KIND)
            .next()
            .expect("an issuer");
        let path = document::jwks_path(&desired, issuer).expect("a path");
        let object = live.find(document::KIND, path).expect("a key set");
        let keys = published(object, issuer);
        let now = self.moment();
        let mut next = self.file.clone();
        let before = next.len();
        match phase(&keys, &Policy::default(), now) {
            Phase::Steady if self.dice.percent(60) => self.add(&mut next),
            // Another one comes before the last one signs.
            Phase::Publishing { .. } if before < 4 && self.dice.percent(10) => self.add(&mut next),
            Phase::Publishing { kid: young, .. } if self.haste == Haste::Signs => {
                let block = next.iter().find(|block| kid(block.number) == young);
                self.signer = block.expect("its block").number;
            }
            Phase::ReadyToSign { kid: ready } => {
                let block = next.iter_mut().find(|block| kid(block.number) == ready);
                let block = block.expect("its block");
                if self.signer != block.number {
                    self.mint();
                    self.signer = block.number;
                    self.mint();
                }
                // Whoever does it may forget to write it down.
                if self.dice.percent(70) {
                    let now = now.replace_nanosecond(0).expect("a second");
                    let later = now + time::Duration::seconds(1);
                    block.signs_since = Some(later.format(&Rfc3339).expect("a time"));
                }
            }
            Phase::ReadyToRetire { kids } => {
                next.retain(|block| !kids.contains(&kid(block.number)));
            }
            _ => {}
        }
        if self.dice.percent(20) {
            let wrong = self.wrong(&next);
            // The file stands until somebody learns what comes of it.
            let mut ended = self.apply(&wrong);
            while ended == Ended::Crashed {
                ended = self.apply(&wrong);
            }
            match ended {
                Ended::Refused => self.seen.refused += 1,
                // Nothing forbids it, so it has to be harmless.
                _ => next = wrong,
            }
        }
        self.file = next.clone();
        if self.apply(&next) == Ended::Refused {
            panic!("the phases' own advice is refused: {:?}", self.file);
        }
    }

    fn add(&mut self, file: &mut Vec<Block>) {
        file.push(Block {
            number: self.made,
            signs_since: None,
        });
        self.made += 1;
    }

    /// A change that nobody advised: keys go, one comes at the same time.
    fn wrong(&mut self, file: &[Block]) -> Vec<Block> {
        let mut wrong = file.to_vec();
        let gone = self.dice.below(wrong.len() as u64) as usize;
        if wrong.len() > 1 {
            wrong.remove(gone);
        } else {
            self.add(&mut wrong);
            wrong.remove(0);
        }
        wrong
    }

    fn moment(&self) -> OffsetDateTime {
        let ms = i128::from(self.world.now);
        OffsetDateTime::from_unix_timestamp_nanos(ms * 1_000_000).expect("a time")
    }

    /// Reads what a plan needs; none where the process died.
    fn read(&mut self, desired: &Desired) -> Option<Live> {
        let mut live = Live::default();
        loop {
            let mut wanted = observe::wanted(desired, &live);
            wanted.retain(|read| {
                let azure = read.request.service == Service::Arm;
                if azure {
                    live.record(read, 0);
                }
                !azure
            });
            if wanted.is_empty() {
                return Some(live);
            }
            for read in wanted {
                let reply = self.get(&read.request)?;
                observe::take(&read, &reply, &mut live);
            }
        }
    }

    fn get(&mut self, request: &Request) -> Option<Reply> {
        loop {
            match self.world.send(request) {
                Sent::Crashed => return None,
                Sent::Answer(Ok(reply), _) if reply.status < 500 => return Some(reply),
                Sent::Answer(..) => self.world.now += 1_000,
            }
        }
    }

    /// One apply of a file, on a machine that knows nothing else. It may die at any request.
    fn apply(&mut self, file: &[Block]) -> Ended {
        self.world.troubles.clear();
        if self.dice.percent(30) && !self.versions.is_empty() {
            let number = self.world.number + self.dice.below(25);
            let trouble = match self.dice.below(4) {
                0 => Trouble::Service(Fault::ResetBefore),
                1 => Trouble::Service(Fault::ResetAfter),
                2 => Trouble::Crash { after: false },
                _ => Trouble::Crash { after: true },
            };
            self.world.troubles.insert(number, trouble);
        }
        self.seen.applies += 1;
        let before = self.live_keys();
        let ended = self.run(file);
        self.world.troubles.clear();
        self.seen.crashes += usize::from(ended == Ended::Crashed);
        let now = served(&mut self.world, DOCUMENTS[1]);
        if let Some(now) =
            now.filter(|text| self.versions.last().is_none_or(|(_, last)| last != text))
        {
            self.versions.push((self.world.now, now));
        }
        let after = self.live_keys();
        for number in before.into_iter().filter(|number| !after.contains(number)) {
            self.seen.retired += 1;
            self.retired.insert(number, self.world.now);
        }
        assert!(
            after
                .iter()
                .all(|number| !self.retired.contains_key(number)),
            "a retired key is served again"
        );
        ended
    }

    fn live_keys(&self) -> Vec<usize> {
        let Some((_, text)) = self.versions.last() else {
            return Vec::new();
        };
        let json: Json = serde_json::from_str(text).expect("a key set");
        let keys = json["keys"].as_array().expect("keys").iter();
        let kids = keys.filter_map(|key| key["kid"].as_str()?.strip_prefix("key-"));
        kids.map(|number| number.parse().expect("a number"))
            .collect()
    }

    fn run(&mut self, file: &[Block]) -> Ended {
        let desired = load(&self.text(file));
        let Some(mut live) = self.read(&desired) else {
            return Ended::Crashed;
        };
        let options = Options {
            now: Some(self.moment()),
            allow: Allow {
                key_retirement: self.haste == Haste::Retires,
                ..Allow::default()
            },
            ..Options::default()
        };
        let mut planned = plan::plan(&desired, &live, &options).expect("a plan");
        for _ in 0..4 {
            let unsure = plan::unconfirmed(&planned, &live);
            if unsure.is_empty() {
                break;
            }
            for read in observe::confirming(&live, &unsure) {
                let Some(reply) = self.get(&read.request) else {
                    return Ended::Crashed;
                };
                observe::take(&read, &reply, &mut live);
            }
            planned = plan::plan(&desired, &live, &options).expect("a plan");
        }
        if !planned.refusals.is_empty() {
            return Ended::Refused;
        }
        if planned.steps.is_empty() {
            return Ended::Done;
        }
        self.send(&planned)
    }

    fn send(&mut self, planned: &Plan) -> Ended {
        let mut engine = Engine::new(planned, self.world.seed);
        let now = |world: &World| world.now.cast_signed();
        let mut effects = engine.handle(Event::Start {
            now: now(&self.world),
        });
        let mut wake = None;
        loop {
            if effects.is_empty() {
                let at: i64 = wake.take().expect("the engine waits for something");
                self.world.now = self.world.now.max(at.cast_unsigned());
                effects = engine.handle(Event::Tick {
                    now: now(&self.world),
                });
                continue;
            }
            let more = match effects.remove(0) {
                Effect::WakeAt(at) => {
                    wake = Some(at);
                    Vec::new()
                }
                Effect::Done(outcome) => {
                    assert!(outcome.complete(), "{:?}", outcome.diagnostics);
                    return Ended::Done;
                }
                Effect::Write { step, request } => {
                    let Sent::Answer(result, _) = self.world.send(&request) else {
                        return Ended::Crashed;
                    };
                    engine.handle(Event::Written {
                        step,
                        result,
                        now: now(&self.world),
                    })
                }
                Effect::Read { request } => {
                    let Some(reply) = self.get(&request) else {
                        return Ended::Crashed;
                    };
                    engine.handle(Event::Read {
                        request,
                        result: Ok(reply),
                        now: now(&self.world),
                    })
                }
            };
            effects.extend(more);
        }
    }

    /// The cluster makes a token with the key that it signs with.
    fn mint(&mut self) {
        let expires = self.world.now + (1 + self.dice.below(LIFE)) * HOUR;
        let jwt = token(self.signer, self.world.now, expires);
        self.tokens.push(Token {
            number: self.signer,
            expires,
            jwt,
        });
    }

    /// Time goes on, tokens come and go, and caches fetch again as late as they may.
    fn sleep(&mut self, ms: u64) -> Result<(), String> {
        let end = self.world.now + ms;
        let within = self.world.now + self.dice.below(ms);
        let mut moments = vec![within, end];
        moments.extend(self.tokens.iter().map(|token| token.expires - 1_000));
        moments.retain(|at| (self.world.now..=end).contains(at));
        moments.sort_unstable();
        for at in moments {
            self.world.now = self.world.now.max(at);
            self.probe()?;
            if at == within {
                self.mint();
            }
        }
        Ok(())
    }

    /// Every valid token is exchanged wherever it comes to; of a key that is gone none is, once no cache has it.
    fn probe(&mut self) -> Result<(), String> {
        let now = self.world.now;
        for cache in &mut self.caches {
            while cache.fetched + CACHED <= now {
                cache.fetched += CACHED;
                let fetched = cache.fetched;
                let then = self
                    .versions
                    .iter()
                    .rev()
                    .find(|(from, _)| *from <= fetched);
                cache.jwks = then.unwrap_or(&self.versions[0]).1.clone();
            }
        }
        self.tokens.retain(|token| token.expires > now);
        // One token of each key says it for all.
        let newest = self
            .tokens
            .iter()
            .map(|token| (token.number, token.clone()));
        let tokens: BTreeMap<usize, Token> = newest.collect();
        let caches: Vec<String> = self.caches.iter().map(|cache| cache.jwks.clone()).collect();
        let place = self.dice.below(caches.len() as u64) as usize;
        for token in tokens.values() {
            for jwks in &caches {
                let said = self.exchange(&token.jwt, jwks);
                said.map_err(|why| format!("{} at {now}: {why}", kid(token.number)))?;
            }
        }
        let longest = self
            .retired
            .iter()
            .filter(|(_, since)| **since + CACHED < now);
        if let Some(number) = longest.map(|(number, _)| *number).next_back()
            && self.dice.percent(20)
        {
            let stolen = token(number, now, now + HOUR);
            let said = self.exchange(&stolen, &caches[place]);
            assert!(
                said.as_ref()
                    .is_err_and(|why| why.contains("AADSTS7000272")),
                "{}: {said:?}",
                kid(number)
            );
            self.seen.stolen += 1;
        }
        Ok(())
    }

    /// What Entra says of a token, with a cache's keys in the place of those that are served now.
    fn exchange(&mut self, jwt: &str, jwks: &str) -> Result<(), String> {
        self.seen.exchanges += 1;
        let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
        let mut request = Http::new("POST", &url).expect("a URL");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", jwt),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        request.body = form.into_bytes();
        let discovery = served(&mut self.world, DOCUMENTS[0]).unwrap_or_default();
        let world = &mut self.world;
        let mut answer = handle(&mut world.store, &world.routes, &request, world.now, 0);
        loop {
            match answer {
                Answer::Reply(reply) if reply.status == 200 => return Ok(()),
                Answer::Reply(reply) => {
                    let body: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
                    return Err(body["error_description"].to_string());
                }
                Answer::Reset { .. } => return Err("reset".to_owned()),
                Answer::Fetch { url, resume: next } => {
                    let text = match url.ends_with("jwks") {
                        true => jwks,
                        false => &discovery,
                    };
                    let text = Ok(text.as_bytes().to_vec());
                    answer = resume(&mut world.store, &world.routes, next, text, world.now, 0);
                }
            }
        }
    }
}

fn client_id(world: &World) -> String {
    let view = world.store.primary();
    let mut rows = view.rows(&APPLICATIONS, None);
    let ours = rows.find(|row| member(row, "displayName") == "sim checkout");
    member(ours.expect("an application"), "appId").to_owned()
}

/// A service account's token.
fn token(number: usize, now: u64, expires: u64) -> String {
    let claims = json!({
        "iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange",
        "iat": now / 1_000, "nbf": now / 1_000, "exp": expires / 1_000,
    });
    let signed = key(number).0.sign_as(&kid(number), &claims);
    signed.expect("a signature")
}
