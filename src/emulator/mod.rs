//! (emulator)
