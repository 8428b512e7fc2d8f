package api

import (
	"slices"

	"github.com/gorilla/mux"
)

// Routes returns every route of newRouter as "METHOD /path", and as "/path" where
// the handler itself checks the method.
func Routes() (list []string, err error) {
	h := &handlers{Services: &Services{}}
	for path := range h.plainRoutes() {
		list = append(list, path)
	}
	list = append(list, configPath)
	err = h.newRoutes().Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		methods, err := route.GetMethods()
		for _, method := range methods {
			list = append(list, method+" "+path)
		}
		return err
	})
	slices.Sort(list)
	return slices.Compact(list), err
}
