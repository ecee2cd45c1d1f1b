import Synchronization

/// Objects that a host knows by number. A number is never given twice, so that one whose object is gone,
/// and one of another kind, are known for what they are.
final class HandleTable<Object: AnyObject & Sendable>: Sendable {
  private struct Slot {
    var object: Object?
    var generation: UInt32
  }

  private struct Slots {
    var all: [Slot] = []
    var free: [Int] = []
  }

  private let slots = Mutex(Slots())
  /// Which of the tables it is: the lowest bit of its numbers.
  private let kind: UInt64

  init(kind: UInt64) { self.kind = kind }

  /// Generation, place and kind, from the highest bit to the lowest. Generations begin at 1: no number
  /// is 0.
  private func number(_ place: Int, _ generation: UInt32) -> UInt64 {
    UInt64(generation) << 32 | UInt64(place) << 1 | kind
  }

  private static func place(_ number: UInt64) -> Int { Int(number >> 1 & 0x7FFF_FFFF) }

  func add(_ object: Object) -> UInt64 {
    slots.withLock { slots in
      guard let place = slots.free.popLast() else {
        slots.all.append(Slot(object: object, generation: 1))
        return number(slots.all.count - 1, 1)
      }
      slots.all[place].object = object
      return number(place, slots.all[place].generation)
    }
  }

  subscript(number: UInt64) -> Object? {
    slots.withLock { slots in
      let place = Self.place(number)
      guard number & 1 == kind, place < slots.all.count,
        slots.all[place].generation == UInt32(number >> 32)
      else { return nil }
      return slots.all[place].object
    }
  }

  /// Ends a number; its object lives until the last call that uses it returns.
  func remove(_ number: UInt64) -> Object? {
    slots.withLock { slots in
      let place = Self.place(number)
      guard number & 1 == kind, place < slots.all.count,
        slots.all[place].generation == UInt32(number >> 32), let object = slots.all[place].object
      else { return nil }
      slots.all[place].object = nil
      if slots.all[place].generation < .max {
        slots.all[place].generation += 1
        slots.free.append(place)
      }
      return object
    }
  }
}
