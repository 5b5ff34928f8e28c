import Testing

@Suite struct SessionsPlaceholder {}
