import ArgumentParser
import CacheStore
import CacheStoreRemote
import SystemPackage

/// The options for the place of an image: a layout on disk, or a registry.
struct LayoutOptions: ParsableArguments, Sendable {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The image layout to write; missing parents are made.", valueName: "dir"),
        completion: .directory
    )
    var output: String?

    @Flag(help: "Replace the image layout if it exists.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "Write the image to a registry under this tag, in place of a layout; what the repository has is "
                + "not sent.",
            valueName: "oci://registry/repository:tag"
        )
    )
    var push: String?

    @Option(
        help: ArgumentHelp(
            "With --push, have the registry take blobs that this repository has, in place of sending them.",
            valueName: "repository"
        )
    )
    var mountFrom: String?

    /// A place for an image.
    enum Place {
        /// A layout on disk.
        case layout(FilePath)
        /// A tag in a registry.
        case registry(RegistryAddress)
    }

    /// The place that the options name.
    ///
    /// - Throws: `ValidationError`.
    var place: Place {
        get throws {
            switch (output, push) {
            case (let output?, nil):
                if output.isEmpty { throw ValidationError("`--output` is empty") }
                if output == "-" {
                    throw ValidationError(
                        "an image can't go to standard output: name a directory with `--output`"
                    )
                }
                if mountFrom != nil { throw ValidationError("`--mount-from` is for `--push`") }
                return .layout(FilePath(output))
            case (nil, let push?):
                if force { throw ValidationError("`--force` is for `--output`: tags are replaced") }
                guard push.lowercased().hasPrefix("oci://") else {
                    throw ValidationError("`--push` is `\(push)`, and must begin with `oci://`")
                }
                let address = try RegistryAddress(push)
                guard case .tag = address.reference else {
                    throw ValidationError("`--push` names a digest, and must name a tag")
                }
                _ = try Remote.mounted(mountFrom, by: address)
                return .registry(address)
            case (nil, nil):
                throw ValidationError("name a layout with `--output`, or a registry with `--push`")
            default: throw ValidationError("`--output` and `--push` contradict each other")
            }
        }
    }

    /// The layout as given, or the address of the image in a registry.
    ///
    /// - Throws: `ValidationError`.
    var name: String {
        get throws {
            switch try place {
            case .layout: output ?? ""
            case .registry(let address): address.description
            }
        }
    }

    /// Refuses options that name no place or several, or a place that can't be.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws {
        do {
            _ = try place
        } catch let error as CacheStoreError {
            try OptionCheck.run { () throws(CacheStoreError) in throw error }
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
