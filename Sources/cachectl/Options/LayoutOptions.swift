import ArgumentParser
import CacheStore
import SystemPackage

/// The options for the image layout that a command writes.
struct LayoutOptions: ParsableArguments, Sendable {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The image layout to write; missing parents are made.", valueName: "dir"),
        completion: .directory
    )
    var output: String

    @Flag(help: "Replace the image layout if it exists.")
    var force = false

    /// The path of the image layout.
    var path: FilePath { FilePath(output) }

    /// Refuses an output that can't be the name of a directory.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws {
        if output.isEmpty { throw ValidationError("`--output` is empty") }
        if output == "-" {
            throw ValidationError("an image can't go to standard output: name a directory with `--output`")
        }
    }
}

/// The options for the directories of the caches in an image.
struct ImageCaches: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "The build cache in the image. (default: /var/cache/go-build)",
            valueName: "dir"
        ),
        transform: { FilePath($0) }
    )
    var gocache: FilePath?

    @Option(
        help: ArgumentHelp(
            "The module cache in the image. (default: /var/cache/go-mod)",
            valueName: "dir"
        ),
        transform: { FilePath($0) }
    )
    var gomodcache: FilePath?

    @Flag(name: .customLong("no-gocache"), help: "Leave the build cache out.")
    var leavesOutBuildCache = false

    @Flag(name: .customLong("no-gomodcache"), help: "Leave the module cache out.")
    var leavesOutModuleCache = false

    /// Refuses options that contradict each other.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws {
        if gocache != nil, leavesOutBuildCache {
            throw ValidationError("`--gocache` and `--no-gocache` contradict each other")
        }
        if gomodcache != nil, leavesOutModuleCache {
            throw ValidationError("`--gomodcache` and `--no-gomodcache` contradict each other")
        }
        if leavesOutBuildCache, leavesOutModuleCache {
            throw ValidationError("`--no-gocache` and `--no-gomodcache` together leave nothing")
        }
    }

    /// The directories of the caches in the image.
    var directories: GoCaches {
        let usual = Layers.Options().caches
        return GoCaches(
            buildCache: leavesOutBuildCache ? nil : gocache ?? usual.buildCache,
            moduleCache: leavesOutModuleCache ? nil : gomodcache ?? usual.moduleCache
        )
    }
}
