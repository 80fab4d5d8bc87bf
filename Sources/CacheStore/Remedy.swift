/// Advice to the reader of an error or a warning: one action that helps.
///
/// ``code`` tells a program which action it is; ``description`` says it in words that name no program and no
/// option. A command line may put the same advice into words of its own, as `cachectl` does.
public struct Remedy: Hashable, Sendable {
    /// The kind of action; stable across releases.
    public let code: Code

    /// The action as one sentence in the imperative, without a trailing period.
    public let description: String

    private init(_ name: String, _ description: String) {
        code = Code(name)
        self.description = description
    }
}

extension Remedy: CustomStringConvertible {}

extension Remedy {
    /// The kind of a remedy.
    ///
    /// A struct rather than an enum, so that a later release can add a code without breaking a caller's `switch`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, for example `overwrite`.
        public let description: String

        fileprivate init(_ name: String) { description = name }
    }
}

// MARK: - The file system

extension Remedy {
    /// Allow the output to be replaced, or choose another name.
    public static let overwrite = Remedy(
        "overwrite",
        "choose another name, or allow the output to be replaced"
    )

    /// Choose another name for the output: what stands there is not replaced in any case.
    public static let chooseName = Remedy("chooseName", "choose another name, or remove what stands there")

    /// Name a file where a directory was named.
    public static let nameFile = Remedy("nameFile", "name a file")

    /// Remove what stands where a file or directory should be.
    public static let removeObstacle = Remedy("removeObstacle", "remove it")

    /// Get access to a file or directory.
    public static let getAccess = Remedy(
        "getAccess",
        "check the owner and the mode, or run as the user who owns it"
    )

    /// Choose a file system that can be written to.
    public static let chooseWritable = Remedy(
        "chooseWritable",
        "choose a place on a file system that can be written to"
    )

    /// Free space on a file system.
    public static let freeSpace = Remedy("freeSpace", "free some space there, or choose another place")
}

// MARK: - Archives

extension Remedy {
    /// Pack the archive again, or copy it again.
    public static let packAgain = Remedy("packAgain", "pack the archive again, or copy it again")

    /// Do not use an archive that holds what no version of this library writes.
    public static let distrust = Remedy(
        "distrust",
        "do not use this archive: this library writes no such names"
    )

    /// Read the archive with the version that wrote it, or with a newer one.
    public static let upgrade = Remedy("upgrade", "use the version that wrote it, or a newer one")

    /// Give each pack a label of its own.
    public static let relabel = Remedy("relabel", "give each pack its own label")

    /// Give this pack another label than that of a base.
    public static let relabelPack = Remedy("relabelPack", "give this pack another label")

    /// Find out which job's module differs from go.sum.
    public static let compareWithGoSum = Remedy(
        "compareWithGoSum",
        "find out which job's module differs from go.sum before you use either"
    )

    /// List the members of the archive.
    public static let listMembers = Remedy("listMembers", "list the members of the archive and their files")

    /// Read the files of a module's tree instead of its zip.
    public static let readTree = Remedy(
        "readTree",
        "read files of the tree, or restore with zips made from trees"
    )

    /// Choose among the labels of an archive's sources.
    ///
    /// - Parameter labels: The labels that the archive has.
    /// - Returns: The remedy.
    public static func chooseSource(among labels: [String]) -> Remedy {
        Remedy("chooseSource", "its sources are: \(labels.joined(separator: ", "))")
    }
}

// MARK: - Caches and Go

extension Remedy {
    /// Build the damaged entries again, or pack without strictness.
    public static let rebuild = Remedy(
        "rebuild",
        "remove them and build again, or pack without strictness to leave them out"
    )

    /// Give the source a label that is allowed.
    public static let chooseLabel = Remedy(
        "chooseLabel",
        "use 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter, a digit or `_`"
    )

    /// Name the directory that is GOCACHE.
    public static let nameBuildCache = Remedy(
        "nameBuildCache",
        "name the directory that `go env GOCACHE` prints"
    )

    /// Install Go, or say where it is.
    public static let installGo = Remedy("installGo", "install Go, put it on PATH, or name its path")

    /// Record a Go environment when packing, or have the Go command judge packages.
    public static let recordEnvironment = Remedy(
        "recordEnvironment",
        "record the Go environment when packing, or have Go judge packages"
    )

    /// Restore the archive first, then judge packages.
    public static let restoreFirst = Remedy(
        "restoreFirst",
        "restore the archive first, best in the image itself, and then judge packages"
    )

    /// Compare the environments setting by setting.
    public static let diagnose = Remedy("diagnose", "a diagnosis tells which and why")
}

// MARK: - Container images

extension Remedy {
    /// Choose a cache profile that an image can have.
    public static let chooseProfile = Remedy("chooseProfile", "use `image` or `readonly`")

    /// Choose a name that an image may have in a layout.
    public static let chooseTag = Remedy(
        "chooseTag",
        "use letters, digits, and single `-`, `.`, `_`, `:`, `@`, `/` or `+` between them"
    )

    /// Name one image of a layout by its tag.
    public static let nameTag = Remedy("nameTag", "name the tag of one image in the layout")

    /// Name one image of a layout by its tag, or the architecture it is for.
    public static let nameTagOrArchitecture = Remedy(
        "nameTagOrArchitecture",
        "name the tag of one image in the layout, or its architecture"
    )

    /// Name the architecture of the image.
    public static let nameArchitecture = Remedy("nameArchitecture", "name one, for example `amd64`")

    /// Convert the base image to the OCI format.
    public static let convertBase = Remedy("convertBase", "copy it with `skopeo copy --format oci`")

    /// Copy the base image again.
    public static let copyBaseAgain = Remedy("copyBaseAgain", "copy the base image again")
}
