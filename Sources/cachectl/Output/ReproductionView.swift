import CacheStore
import SystemPackage

/// The report of `cachectl diff --same-job`, for people and as JSON.
struct ReproductionView {
    let report: Reproduction.Report

    /// The paths of the archives, as given.
    let paths: (first: String, second: String)

    /// The number of lines in the list.
    let top: Int

    /// The number of digits of an ID that tell outputs apart for people.
    private static let digits = 12

    /// The lines for people.
    var text: [String] {
        func title(_ path: String, _ bytes: Int) -> String {
            "`\(HumanFormat.printable(path))`, \(HumanFormat.bytes(bytes))"
        }
        let (count, differing) = (report.commonActions, report.differing.count)
        let actions = HumanFormat.count(count, "action is", "actions are")
        var lines = [
            "\(title(paths.first, report.firstFileBytes)) → \(title(paths.second, report.secondFileBytes))",
            "",
        ]
        let same = HumanFormat.count(count - differing - report.varying.count)
        var sentence =
            "\(actions) in both: \(same) with the same output, \(HumanFormat.count(differing)) with "
        sentence += differing == 1 ? "another" : "others"
        if !report.varying.isEmpty {
            sentence +=
                ", and \(HumanFormat.count(report.varying.count)) that differ in each run (tests, coverage)"
        }
        lines += [sentence, onlyInOne]
        guard differing > 0 else { return lines }
        var table = Table(.left("package"), .left("class"), .left("first"), .left("second"), .left("sources"))
        for dispute in report.differing.prefix(top) {
            table.append(
                HumanFormat.printable(dispute.package ?? "(not known)"),
                dispute.entryClass.rawValue,
                outputs(of: dispute, in: paths.first),
                outputs(of: dispute, in: paths.second),
                Set(dispute.sides.flatMap(\.labels)).sorted().joined(separator: ", ")
            )
        }
        lines += [""] + table.lines
        if differing > top {
            lines += ["", "and \(HumanFormat.count(differing - top)) more; `--json` lists all of them"]
        }
        return lines
    }

    /// The reason why nothing was compared; `nil` if something was.
    var reasonForNothing: String? {
        guard report.isReproduced == nil else { return nil }
        if report.commonActions > 0 {
            return "nothing was compared, because all actions in both archives are of a kind that differs in "
                + "each run (tests, coverage)"
        }
        if report.actionsOnlyInFirst == 0 || report.actionsOnlyInSecond == 0 {
            return "nothing was compared, because an archive holds no action of GOCACHE"
        }
        return
            "nothing was compared, because the archives have no action in common: they are of other jobs, or "
            + "of one job with another Go, target, flags or directory"
    }

    /// The numbers of actions that only one archive has, in words.
    private var onlyInOne: String {
        let counts = (report.actionsOnlyInFirst, report.actionsOnlyInSecond)
        if counts == (0, 0) { return "no action is in one archive only" }
        return "\(HumanFormat.count(counts.0, "action", "actions")) only in the first, "
            + "\(HumanFormat.count(counts.1)) only in the second: not compared"
    }

    /// Returns the beginnings of the IDs of an archive's outputs.
    private func outputs(of dispute: ActionDispute, in path: String) -> String {
        dispute.sides.filter { $0.archives.contains(FilePath(path)) }
            .map { String($0.output.description.prefix(Self.digits)) }
            .joined(separator: ", ")
    }

    /// Returns the report as JSON.
    func json(_ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.diff-same-job/1",
            "first": .string(paths.first),
            "second": .string(paths.second),
            "is_reproduced": report.isReproduced.map { .boolean($0) } ?? .null,
            "common_actions": .integer(report.commonActions),
            "only_first_actions": .integer(report.actionsOnlyInFirst),
            "only_second_actions": .integer(report.actionsOnlyInSecond),
            "differing": .disputes(report.differing),
            "varying": .disputes(report.varying),
            "milliseconds": .milliseconds(time),
        ]
    }
}
