/// A numbering of the classes that occur.
struct ClassNumbers {
    private var classes = [EntryClass.other]
    private var numbers = [EntryClass.other: UInt16(0)]

    /// Returns the number of a class, and adds the class if it is new.
    ///
    /// Classes beyond 65,534, which no version of this library tells apart, become `other`.
    mutating func number(of entryClass: EntryClass) -> UInt16 {
        if let number = numbers[entryClass] { return number }
        guard classes.count < Int(UInt16.max) - 1 else { return 0 }
        let number = UInt16(classes.count)
        classes.append(entryClass)
        numbers[entryClass] = number
        return number
    }

    /// The class that has the given number.
    subscript(number: UInt16) -> EntryClass { Int(number) < classes.count ? classes[Int(number)] : .other }
}
