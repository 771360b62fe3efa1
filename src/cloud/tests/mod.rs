//! The clients against a service that is a function.

mod blobs;
mod logins;
mod reads;
mod replies;
mod wire;
mod writes;
