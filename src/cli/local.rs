//! `--local`: an emulated tenant in the stack's directory. Its time is virtual: waiting costs nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::stack::Stack;
use super::{Failure, World, rehearsal};
use crate::cloud::{Clock, Transport};
use crate::emulator::blob::PublicAccess;
use crate::emulator::inprocess::{Emulator, InProcess, new_tenant};
use crate::emulator::persist;
use crate::emulator::store::Store;
use crate::kinds;
use crate::model::desired::Desired;
use crate::model::diagnostic::Diagnostic;

/// Where a stack keeps what is its own: the emulated tenant, the lock.
pub const DIRECTORY: &str = ".trustform";
const FILE: &str = "tenant.json";

/// The embedded tenant of one run.
pub struct Local {
    emulator: Arc<Emulator>,
    pub clock: Clock,
    /// None where the caller keeps the tenant.
    file: Option<PathBuf>,
}

impl Local {
    /// Opens the stack's tenant, or makes one. The storage accounts that the stack names are there.
    pub fn open(world: &World, stack: &Stack) -> Result<Self, Failure> {
        let clock = Clock::starting_at(world.clock.now_ms());
        let (emulator, file) = match &world.tenant {
            Some(emulator) => (emulator.clone(), None),
            None => {
                let file = stack.directory.join(DIRECTORY).join(FILE);
                let store = read(
                    &file,
                    &stack.desired.stack.tenant_id,
                    clock.now_ms().unsigned_abs(),
                )?;
                let time = clock.clone();
                let now = Arc::new(move || time.now_ms().unsigned_abs());
                (
                    Emulator::new(store, kinds::emulated(), now, None),
                    Some(file),
                )
            }
        };
        let now = clock.now_ms().unsigned_abs();
        emulator.with_store(|store, _| {
            let documents = kinds::document::containers(&stack.desired);
            let documents = documents.into_iter().map(|at| (at, PublicAccess::Blob));
            let lock = stack.desired.stack.lock.iter().map(|lock| {
                let place = (lock.storage_account.clone(), lock.container.clone());
                (place, PublicAccess::None)
            });
            for ((account, container), access) in documents.chain(lock) {
                if !store.has_container(&account, &container) {
                    store.provision_account(&account, true);
                    store.provision_container(&account, &container, access, now);
                }
            }
        });
        emulator.with_store(|store, _| provision(store, &stack.desired, now));
        if let Some(key) = rehearsal::key(&stack.directory) {
            let documents = rehearsal::documents(&stack.desired, &key);
            emulator.with_store(|store, _| store.rehearsed = documents);
        }
        // A tenant that the caller keeps has the caller's time.
        let clock = if file.is_some() {
            clock
        } else {
            world.clock.clone()
        };
        Ok(Self {
            emulator,
            clock,
            file,
        })
    }

    /// What an anonymous reader gets at a URL of the tenant's, or of an issuer that it plays.
    pub fn document(&self, url: &str) -> Option<Result<Vec<u8>, String>> {
        self.emulator.document(url)
    }

    pub fn transport(&self) -> Transport {
        Transport::given(Arc::new(InProcess(self.emulator.clone())))
    }

    /// Keeps the tenant: all of it, or as it was.
    pub fn save(&self) -> Result<(), Failure> {
        let (Some(file), Some(store)) = (&self.file, self.emulator.take_changed()) else {
            return Ok(());
        };
        let stack = file.ancestors().nth(2).unwrap_or(Path::new("."));
        let saved = own_directory(stack).and_then(|_| persist::save(&store, file));
        saved.map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", file.display());
            Failure::plain("unwritable", message)
        })
    }
}

/// The groups, subscriptions and resource groups that the stack names are there, and the accounts that it makes only containers in.
fn provision(store: &mut Store, desired: &Desired, now: u64) {
    const LOCATION: &str = "westeurope";
    let groups = kinds::managed_identity::groups(desired);
    for (subscription, group) in groups
        .into_iter()
        .chain(kinds::storage_account::groups(desired))
    {
        store
            .azure
            .provision(&subscription, Some((&group, LOCATION)));
    }
    for account in kinds::storage_account::of_others(desired) {
        kinds::storage_account::emulator::provision(store, account, LOCATION, now);
    }
    for group in kinds::group_member::groups(desired) {
        kinds::group_member::emulator::provision(store, group, now);
    }
    for scope in kinds::role_assignment::scopes(desired) {
        let parts: Vec<&str> = scope.split('/').collect();
        if let ["", "subscriptions", subscription, rest @ ..] = parts.as_slice() {
            let group = match rest {
                ["resourceGroups", group, ..] => Some((*group, LOCATION)),
                _ => None,
            };
            store.azure.provision(subscription, group);
        }
    }
}

fn read(file: &Path, tenant_id: &str, now: u64) -> Result<Store, Failure> {
    let failed = |why: String| {
        let shown: PathBuf = file.components().collect();
        let failed = Diagnostic::error(
            "local-tenant",
            format!(
                "the emulated tenant in `{}` cannot be used: {why}",
                shown.display()
            ),
        );
        Failure::from(failed.help("remove the file to begin with an empty tenant"))
    };
    let routes = kinds::emulated();
    let named = format!("{}: ", file.display());
    let loaded = persist::load(file, &routes).map_err(|error| {
        let why = error.to_string();
        failed(why.strip_prefix(&named).unwrap_or(&why).to_owned())
    });
    let store = match loaded? {
        Some(store) => store,
        None => {
            let seed = new_tenant(tenant_id, now).map_err(failed)?;
            Store::new(seed, &routes).map_err(failed)?
        }
    };
    if !store.tenant.id.eq_ignore_ascii_case(tenant_id) {
        return Err(failed(format!(
            "it plays the tenant `{}`, and the stack names `{tenant_id}`",
            store.tenant.id
        )));
    }
    Ok(store)
}

/// A stack's own directory, made where it is missing; nobody commits it by accident.
pub fn own_directory(stack: &Path) -> std::io::Result<PathBuf> {
    let directory = stack.join(DIRECTORY);
    std::fs::create_dir_all(&directory)?;
    let ignore = directory.join(".gitignore");
    if !ignore.exists() {
        std::fs::write(ignore, "*\n")?;
    }
    Ok(directory)
}
