//! One folder per resource kind.

pub mod app_role_assignment;
pub mod application;
pub mod delegated_permission_grant;
pub mod federated_credential;
pub mod service_principal;

/// What all kinds contribute to an emulated tenant.
pub fn emulated() -> crate::emulator::route::Routes {
    crate::emulator::route::Routes::new(vec![
        application::emulator::PART,
        service_principal::emulator::PART,
        federated_credential::emulator::PART,
        app_role_assignment::emulator::PART,
        delegated_permission_grant::emulator::PART,
    ])
}
