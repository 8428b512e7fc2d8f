// Package bytebudget limits how many bytes the requests of one peer have in memory
// at the same time. A [Budget] is for one peer, a [Table] has one for each. A request
// reserves bytes before they are read, and waits behind the requests before it while
// too many are reserved.
package bytebudget

// Files:
//
//	budget.go  Budget: reservations of one peer, in the order of their arrival
//	table.go   Table: a Budget for each peer that has reservations
