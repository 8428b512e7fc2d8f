package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"initiator/internal/bounds"
	"initiator/internal/spelling"
	"initiator/internal/strictjson"
	"initiator/internal/webhook"
)

// A misspelt name in a request to the API would have no effect, and the caller
// would not learn of it. So unknown members of bodies and unknown parameters of
// queries are refused. Bodies of workers may have members of a later version, and
// are read by readWorkerJSON.

// readJSON reads a JSON body into v, which points to a struct with a field for each
// member. It reports false when it has answered with the fault. The body counts
// against the budget of the client until its heldBody is released.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if code := heldBodyOf(r).reserveBody(w, r, bounds.Body); !code.OK() {
		code.WriteAnswer(w, "", nil)
		return false
	}
	return readBody(w, r, v, bounds.Body, decodeRequest)
}

// readWorkerJSON reads the JSON body of a worker, of at most limit bytes, into v,
// and ignores unknown members. It reports false when it has answered with the
// fault.
func readWorkerJSON(w http.ResponseWriter, r *http.Request, v any, limit int64) bool {
	return readBody(w, r, v, limit, webhook.DecodeBody)
}

// readBody reads a body and decodes it into v.
func readBody(w http.ResponseWriter, r *http.Request, v any, limit int64, decode func([]byte, any) error) bool {
	body, code := webhook.ReadBody(w, r, limit)
	if !code.OK() {
		code.WriteAnswer(w, "", nil)
		return false
	}
	if err := decode(body, v); err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return false
	}
	return true
}

// decodeRequest reads a JSON object into v as webhook.DecodeBody does. Its members
// must be fields of v in the same case, each once.
func decodeRequest(data []byte, v any) error {
	if err := webhook.DecodeBody(data, v); err != nil {
		return err
	}
	return strictjson.CheckMembers(data, v)
}

// checkQuery returns a handler that refuses queries with other parameters than
// these, and with a parameter that is given twice.
func checkQuery(next http.HandlerFunc, parameters ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if fault := queryFault(r.URL.RawQuery, parameters); fault != "" {
			webhook.BadBody.WriteAnswer(w, fault, nil)
			return
		}
		next(w, r)
	}
}

// queryFault describes the first fault of the parameters of a query; "" = none.
func queryFault(query string, known []string) string {
	if query == "" {
		return ""
	}
	given, err := url.ParseQuery(query)
	if err != nil {
		return "the query cannot be read: " + err.Error()
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case len(known) == 0:
			return fmt.Sprintf("unknown query parameter %.100q; no parameters are expected here", name)
		case !slices.Contains(known, name):
			return fmt.Sprintf("unknown query parameter %.100q; %s", name, spelling.Suggest(name, known))
		case len(given[name]) > 1:
			return fmt.Sprintf("the query parameter %q is given twice", name)
		}
	}
	return ""
}

// parseSwitch reads a query parameter that is 1 or 0; without it, it is otherwise.
func parseSwitch(q url.Values, name string, otherwise bool) (bool, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	on, err := strconv.ParseBool(q.Get(name))
	if err != nil {
		return false, fmt.Errorf("%s %.100q is neither 1 nor 0", name, q.Get(name))
	}
	return on, nil
}
