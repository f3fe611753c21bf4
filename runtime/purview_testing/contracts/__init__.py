"""What contracts say, the judge of requests and answers, and samples of both."""
