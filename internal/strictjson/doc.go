// Package strictjson finds the members of a JSON object that its reader does not
// know. encoding/json drops such a member, so that a misspelt name would be
// accepted and have no effect. It also encodes the data of tasks, and explains the
// errors of encoding/json.
package strictjson

// Files:
//
//	check_members.go  CheckMembers and its errors
//	explain_decode.go ExplainDecode: errors of encoding/json in plain words
//	encode.go         EncodeData: the data of a task from a Go value
//	each_member.go    the names of an object's members, without decoding its values
//	known_members.go  the names that a struct type has
