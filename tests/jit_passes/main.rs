//! Each optimisation of compiled code on the smallest program that shows it, and on a twin in which it must not happen.
//!
//! What is compared is the optimised IR of one function, by how often instructions occur in it.
mod calls;
mod ir;
mod loops;
mod memory;
mod numbers;
mod objects;
