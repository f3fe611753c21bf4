"""What contracts say: operations, routes, shapes; the judge of requests and answers; samples of them."""
