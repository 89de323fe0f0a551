//! stub
pub fn doctor() -> crate::error::Result<()> {
    println!("auto");
    Ok(())
}
