import CacheStore
import Glibc
import SystemPackage

/// The directories of a cache program, found without asking Go, which waits for the program to answer.
enum ProgramPlaces {
    /// Returns GOCACHE.
    ///
    /// The go command sets the variable for the programs that it starts, whatever it was before. The other
    /// places are those that Go chooses without it (`DefaultDir` in cmd/go/internal/cache/default.go).
    ///
    /// - Throws: ``CacheStoreError`` with code `badArgument` if nothing names the directory.
    static func buildCache() throws(CacheStoreError) -> FilePath {
        if let path = path("GOCACHE") { return path }
        if let base = path("XDG_CACHE_HOME") { return base.appending("go-build") }
        if let home = path("HOME") { return home.appending(".cache/go-build") }
        throw CacheStoreError(.badArgument, "none of `GOCACHE`, `XDG_CACHE_HOME` and `HOME` is set")
    }

    /// Returns the directory for temporary files.
    static func temporary() -> FilePath { path("TMPDIR") ?? "/tmp" }

    /// Returns a variable of the environment as a path, whose bytes may be no text.
    private static func path(_ name: String) -> FilePath? {
        guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
        return unsafe FilePath(platformString: value)
    }
}
