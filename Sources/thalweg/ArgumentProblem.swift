/// What is wrong with an argument's value; the parser says which argument it is.
struct ArgumentProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
