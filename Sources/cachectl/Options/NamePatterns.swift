import ArgumentParser
import CacheStore

/// The options `--include` and `--exclude`, which choose modules and packages by their names.
struct NamePatterns: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Of modules and packages, take only those that match; may be repeated.",
            valueName: "pattern"
        ),
        transform: NamePattern.read
    )
    var include: [Glob] = []

    @Option(
        help: ArgumentHelp(
            "Leave out modules and packages that match; may be repeated.",
            valueName: "pattern"
        ),
        transform: NamePattern.read
    )
    var exclude: [Glob] = []

    /// Whether there is no pattern.
    var isEmpty: Bool { include.isEmpty && exclude.isEmpty }
}
