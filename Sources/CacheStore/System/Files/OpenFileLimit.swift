import Glibc

/// The limit of open files of this process (`getrlimit(2)`, `RLIMIT_NOFILE`).
public enum OpenFileLimit {
    /// Raises the limit as far as the system allows without privileges.
    ///
    /// Many systems start processes with a soft limit of 1,024 or 256 files, for the sake of old programs, and
    /// allow far more. A program calls this function once at its start. Operations of this library work with
    /// a low limit too, unless it is lower than some files per thread. Programs that this process starts
    /// inherit the limit.
    ///
    /// - Returns: The limit from now on.
    @discardableResult
    public static func raise() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        var raised = limit
        raised.rlim_cur = raised.rlim_max
        if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
