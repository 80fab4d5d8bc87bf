extension Warning {
    /// Creates the warning that go commands are not logged, because the log is another file.
    package init(unwrittenLog error: CacheStoreError) {
        self.init(
            code: .unwrittenLog,
            message: "go commands are not logged: \(error.summary)",
            remedy: error.remedy
        )
    }
}
