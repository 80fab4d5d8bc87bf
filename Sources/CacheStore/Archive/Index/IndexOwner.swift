/// An object that keeps the file of an index open.
protocol IndexOwner: AnyObject {
    /// Returns the error that explains what is wrong in the file: that the file has changed since it was
    /// opened, if that is so, or else `error`.
    func explaining(_ error: CacheStoreError) -> CacheStoreError
}

extension ScratchFile: IndexOwner {
    /// Returns the error itself, because nobody else can open the file.
    func explaining(_ error: CacheStoreError) -> CacheStoreError { error }
}
