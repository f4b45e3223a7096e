package fault

// Once asks what is missing in each of some places, from 0 on. It returns every answer
// once, in the order in which it came first, and the places that gave it. So a user
// hears of it once for all runtimes.
func Once[M comparable](places int, missing func(place int) ([]M, error)) (all []M, at map[M][]int, err error) {
	at = map[M][]int{}
	for place := range places {
		found, err := missing(place)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range found {
			if at[m] == nil {
				all = append(all, m)
			}
			at[m] = append(at[m], place)
		}
	}
	return all, at, nil
}
