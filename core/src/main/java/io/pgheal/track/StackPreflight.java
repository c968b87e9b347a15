package io.pgheal.track;

/**
 * Makes sure that the stack space which a driver call may need is there, so that an overflow comes before a call can be
 * cut.
 *
 * <p>A frame takes a good 5 KB, both interpreted and compiled by C1 and C2, because its many locals are all alive at
 * once on a branch that is taken now and then. If that branch were never taken, C2 would compile it, and the locals,
 * away. On entry to such a frame the JVM itself touches its pages. If the pages are not there, the JVM throws a
 * {@link StackOverflowError} before the first byte code of the frame runs: nothing is left half done. The method is too
 * large to be inlined, and stays below the 8000 bytes of code above which HotSpot does not compile at all: more locals
 * would make it some hundred times slower.
 *
 * <p>Measured on JDK 17 and 25: some 38 KB of stack once compiled, by C1 or C2, in little more time than two
 * compare-and-sets. In the interpreter it takes nearly twice as much stack, because there a long takes two slots, and
 * some hundred times longer, because every local is cleared.
 *
 * <p>A call of the driver whose classes are there takes no more than 7 KB. The first call of a kind takes up to 28 KB,
 * because classes are found within it; it may come at any time in the life of a JVM, and class loaders of application
 * servers and agents go deeper than those that were measured. {@code proof/benchmarks/run stack} measures this.
 */
final class StackPreflight {
    /** Mask: the branch is taken in one of 1024 calls; where seeds repeat, in a regular part of the calls. */
    private static final long SELDOM = 1023;

    /** Frames of 5 KB on top of each other. */
    private static final int FRAMES = 7;
    /** For calls that stay in the driver's memory. */
    private static final int FEW_FRAMES = 2;

    private static volatile long source;

    private StackPreflight() {}

    /** @param seed any number that differs from call to call */
    static void touch(long seed) {
        frame(FRAMES - 1, seed);
    }

    /** Makes sure of what a call needs that stays in the driver's memory: up to 7 KB, also for the first of its kind. */
    static void touchLittle(long seed) {
        frame(FEW_FRAMES - 1, seed);
    }

    private static void frame(int below, long seed) {
        if (below > 0) {
            frame(below - 1, seed);
        }
        if ((seed & SELDOM) == 0) {
            // spotless:off
            long a0 = source, a1 = source, a2 = source, a3 = source, a4 = source, a5 = source, a6 = source,
                    a7 = source, a8 = source, a9 = source, a10 = source, a11 = source, a12 = source, a13 = source,
                    a14 = source, a15 = source, a16 = source, a17 = source, a18 = source, a19 = source, a20 = source,
                    a21 = source, a22 = source, a23 = source, a24 = source, a25 = source, a26 = source, a27 = source,
                    a28 = source, a29 = source, a30 = source, a31 = source, a32 = source, a33 = source, a34 = source,
                    a35 = source, a36 = source, a37 = source, a38 = source, a39 = source, a40 = source, a41 = source,
                    a42 = source, a43 = source, a44 = source, a45 = source, a46 = source, a47 = source, a48 = source,
                    a49 = source, a50 = source, a51 = source, a52 = source, a53 = source, a54 = source, a55 = source,
                    a56 = source, a57 = source, a58 = source, a59 = source, a60 = source, a61 = source, a62 = source,
                    a63 = source, a64 = source, a65 = source, a66 = source, a67 = source, a68 = source, a69 = source,
                    a70 = source, a71 = source, a72 = source, a73 = source, a74 = source, a75 = source, a76 = source,
                    a77 = source, a78 = source, a79 = source, a80 = source, a81 = source, a82 = source, a83 = source,
                    a84 = source, a85 = source, a86 = source, a87 = source, a88 = source, a89 = source, a90 = source,
                    a91 = source, a92 = source, a93 = source, a94 = source, a95 = source, a96 = source, a97 = source,
                    a98 = source, a99 = source, a100 = source, a101 = source, a102 = source, a103 = source, a104 = source,
                    a105 = source, a106 = source, a107 = source, a108 = source, a109 = source, a110 = source, a111 = source,
                    a112 = source, a113 = source, a114 = source, a115 = source, a116 = source, a117 = source, a118 = source,
                    a119 = source, a120 = source, a121 = source, a122 = source, a123 = source, a124 = source, a125 = source,
                    a126 = source, a127 = source, a128 = source, a129 = source, a130 = source, a131 = source, a132 = source,
                    a133 = source, a134 = source, a135 = source, a136 = source, a137 = source, a138 = source, a139 = source,
                    a140 = source, a141 = source, a142 = source, a143 = source, a144 = source, a145 = source, a146 = source,
                    a147 = source, a148 = source, a149 = source, a150 = source, a151 = source, a152 = source, a153 = source,
                    a154 = source, a155 = source, a156 = source, a157 = source, a158 = source, a159 = source, a160 = source,
                    a161 = source, a162 = source, a163 = source, a164 = source, a165 = source, a166 = source, a167 = source,
                    a168 = source, a169 = source, a170 = source, a171 = source, a172 = source, a173 = source, a174 = source,
                    a175 = source, a176 = source, a177 = source, a178 = source, a179 = source, a180 = source, a181 = source,
                    a182 = source, a183 = source, a184 = source, a185 = source, a186 = source, a187 = source, a188 = source,
                    a189 = source, a190 = source, a191 = source, a192 = source, a193 = source, a194 = source, a195 = source,
                    a196 = source, a197 = source, a198 = source, a199 = source, a200 = source, a201 = source, a202 = source,
                    a203 = source, a204 = source, a205 = source, a206 = source, a207 = source, a208 = source, a209 = source,
                    a210 = source, a211 = source, a212 = source, a213 = source, a214 = source, a215 = source, a216 = source,
                    a217 = source, a218 = source, a219 = source, a220 = source, a221 = source, a222 = source, a223 = source,
                    a224 = source, a225 = source, a226 = source, a227 = source, a228 = source, a229 = source, a230 = source,
                    a231 = source, a232 = source, a233 = source, a234 = source, a235 = source, a236 = source, a237 = source,
                    a238 = source, a239 = source, a240 = source, a241 = source, a242 = source, a243 = source, a244 = source,
                    a245 = source, a246 = source, a247 = source, a248 = source, a249 = source, a250 = source, a251 = source,
                    a252 = source, a253 = source, a254 = source, a255 = source, a256 = source, a257 = source, a258 = source,
                    a259 = source, a260 = source, a261 = source, a262 = source, a263 = source, a264 = source, a265 = source,
                    a266 = source, a267 = source, a268 = source, a269 = source, a270 = source, a271 = source, a272 = source,
                    a273 = source, a274 = source, a275 = source, a276 = source, a277 = source, a278 = source, a279 = source,
                    a280 = source, a281 = source, a282 = source, a283 = source, a284 = source, a285 = source, a286 = source,
                    a287 = source, a288 = source, a289 = source, a290 = source, a291 = source, a292 = source, a293 = source,
                    a294 = source, a295 = source, a296 = source, a297 = source, a298 = source, a299 = source, a300 = source,
                    a301 = source, a302 = source, a303 = source, a304 = source, a305 = source, a306 = source, a307 = source,
                    a308 = source, a309 = source, a310 = source, a311 = source, a312 = source, a313 = source, a314 = source,
                    a315 = source, a316 = source, a317 = source, a318 = source, a319 = source, a320 = source, a321 = source,
                    a322 = source, a323 = source, a324 = source, a325 = source, a326 = source, a327 = source, a328 = source,
                    a329 = source, a330 = source, a331 = source, a332 = source, a333 = source, a334 = source, a335 = source,
                    a336 = source, a337 = source, a338 = source, a339 = source, a340 = source, a341 = source, a342 = source,
                    a343 = source, a344 = source, a345 = source, a346 = source, a347 = source, a348 = source, a349 = source,
                    a350 = source, a351 = source, a352 = source, a353 = source, a354 = source, a355 = source, a356 = source,
                    a357 = source, a358 = source, a359 = source, a360 = source, a361 = source, a362 = source, a363 = source,
                    a364 = source, a365 = source, a366 = source, a367 = source, a368 = source, a369 = source, a370 = source,
                    a371 = source, a372 = source, a373 = source, a374 = source, a375 = source, a376 = source, a377 = source,
                    a378 = source, a379 = source, a380 = source, a381 = source, a382 = source, a383 = source, a384 = source,
                    a385 = source, a386 = source, a387 = source, a388 = source, a389 = source, a390 = source, a391 = source,
                    a392 = source, a393 = source, a394 = source, a395 = source, a396 = source, a397 = source, a398 = source,
                    a399 = source, a400 = source, a401 = source, a402 = source, a403 = source, a404 = source, a405 = source,
                    a406 = source, a407 = source, a408 = source, a409 = source, a410 = source, a411 = source, a412 = source,
                    a413 = source, a414 = source, a415 = source, a416 = source, a417 = source, a418 = source, a419 = source,
                    a420 = source, a421 = source, a422 = source, a423 = source, a424 = source, a425 = source, a426 = source,
                    a427 = source, a428 = source, a429 = source, a430 = source, a431 = source, a432 = source, a433 = source,
                    a434 = source, a435 = source, a436 = source, a437 = source, a438 = source, a439 = source, a440 = source,
                    a441 = source, a442 = source, a443 = source, a444 = source, a445 = source, a446 = source, a447 = source,
                    a448 = source, a449 = source, a450 = source, a451 = source, a452 = source, a453 = source, a454 = source,
                    a455 = source, a456 = source, a457 = source, a458 = source, a459 = source, a460 = source, a461 = source,
                    a462 = source, a463 = source, a464 = source, a465 = source, a466 = source, a467 = source, a468 = source,
                    a469 = source, a470 = source, a471 = source, a472 = source, a473 = source, a474 = source, a475 = source,
                    a476 = source, a477 = source, a478 = source, a479 = source, a480 = source, a481 = source, a482 = source,
                    a483 = source, a484 = source, a485 = source, a486 = source, a487 = source, a488 = source, a489 = source,
                    a490 = source, a491 = source, a492 = source, a493 = source, a494 = source, a495 = source, a496 = source,
                    a497 = source, a498 = source, a499 = source, a500 = source, a501 = source, a502 = source, a503 = source,
                    a504 = source, a505 = source, a506 = source, a507 = source, a508 = source, a509 = source, a510 = source,
                    a511 = source, a512 = source, a513 = source, a514 = source, a515 = source, a516 = source, a517 = source,
                    a518 = source, a519 = source, a520 = source, a521 = source, a522 = source, a523 = source, a524 = source,
                    a525 = source, a526 = source, a527 = source, a528 = source, a529 = source, a530 = source, a531 = source,
                    a532 = source, a533 = source, a534 = source, a535 = source, a536 = source, a537 = source, a538 = source,
                    a539 = source, a540 = source, a541 = source, a542 = source, a543 = source, a544 = source, a545 = source,
                    a546 = source, a547 = source, a548 = source, a549 = source, a550 = source, a551 = source, a552 = source,
                    a553 = source, a554 = source, a555 = source, a556 = source, a557 = source, a558 = source, a559 = source,
                    a560 = source, a561 = source, a562 = source, a563 = source, a564 = source, a565 = source, a566 = source,
                    a567 = source, a568 = source, a569 = source, a570 = source, a571 = source, a572 = source, a573 = source,
                    a574 = source, a575 = source, a576 = source, a577 = source, a578 = source, a579 = source, a580 = source,
                    a581 = source, a582 = source, a583 = source, a584 = source, a585 = source, a586 = source, a587 = source,
                    a588 = source, a589 = source, a590 = source, a591 = source, a592 = source, a593 = source, a594 = source,
                    a595 = source, a596 = source, a597 = source, a598 = source, a599 = source, a600 = source, a601 = source,
                    a602 = source, a603 = source, a604 = source, a605 = source, a606 = source, a607 = source, a608 = source,
                    a609 = source, a610 = source, a611 = source, a612 = source, a613 = source, a614 = source, a615 = source,
                    a616 = source, a617 = source, a618 = source, a619 = source, a620 = source, a621 = source, a622 = source,
                    a623 = source, a624 = source, a625 = source, a626 = source, a627 = source, a628 = source, a629 = source,
                    a630 = source, a631 = source, a632 = source, a633 = source, a634 = source, a635 = source, a636 = source,
                    a637 = source, a638 = source, a639 = source;
            // spotless:on
            // From the last to the first, so that the compiler can fold none before all have been read.
            source = a639 ^ a638 ^ a637 ^ a636 ^ a635 ^ a634 ^ a633 ^ a632 ^ a631 ^ a630 ^ a629 ^ a628 ^ a627 ^ a626
                    ^ a625 ^ a624 ^ a623 ^ a622 ^ a621 ^ a620 ^ a619 ^ a618 ^ a617 ^ a616 ^ a615 ^ a614 ^ a613 ^ a612
                    ^ a611 ^ a610 ^ a609 ^ a608 ^ a607 ^ a606 ^ a605 ^ a604 ^ a603 ^ a602 ^ a601 ^ a600 ^ a599 ^ a598
                    ^ a597 ^ a596 ^ a595 ^ a594 ^ a593 ^ a592 ^ a591 ^ a590 ^ a589 ^ a588 ^ a587 ^ a586 ^ a585 ^ a584
                    ^ a583 ^ a582 ^ a581 ^ a580 ^ a579 ^ a578 ^ a577 ^ a576 ^ a575 ^ a574 ^ a573 ^ a572 ^ a571 ^ a570
                    ^ a569 ^ a568 ^ a567 ^ a566 ^ a565 ^ a564 ^ a563 ^ a562 ^ a561 ^ a560 ^ a559 ^ a558 ^ a557 ^ a556
                    ^ a555 ^ a554 ^ a553 ^ a552 ^ a551 ^ a550 ^ a549 ^ a548 ^ a547 ^ a546 ^ a545 ^ a544 ^ a543 ^ a542
                    ^ a541 ^ a540 ^ a539 ^ a538 ^ a537 ^ a536 ^ a535 ^ a534 ^ a533 ^ a532 ^ a531 ^ a530 ^ a529 ^ a528
                    ^ a527 ^ a526 ^ a525 ^ a524 ^ a523 ^ a522 ^ a521 ^ a520 ^ a519 ^ a518 ^ a517 ^ a516 ^ a515 ^ a514
                    ^ a513 ^ a512 ^ a511 ^ a510 ^ a509 ^ a508 ^ a507 ^ a506 ^ a505 ^ a504 ^ a503 ^ a502 ^ a501 ^ a500
                    ^ a499 ^ a498 ^ a497 ^ a496 ^ a495 ^ a494 ^ a493 ^ a492 ^ a491 ^ a490 ^ a489 ^ a488 ^ a487 ^ a486
                    ^ a485 ^ a484 ^ a483 ^ a482 ^ a481 ^ a480 ^ a479 ^ a478 ^ a477 ^ a476 ^ a475 ^ a474 ^ a473 ^ a472
                    ^ a471 ^ a470 ^ a469 ^ a468 ^ a467 ^ a466 ^ a465 ^ a464 ^ a463 ^ a462 ^ a461 ^ a460 ^ a459 ^ a458
                    ^ a457 ^ a456 ^ a455 ^ a454 ^ a453 ^ a452 ^ a451 ^ a450 ^ a449 ^ a448 ^ a447 ^ a446 ^ a445 ^ a444
                    ^ a443 ^ a442 ^ a441 ^ a440 ^ a439 ^ a438 ^ a437 ^ a436 ^ a435 ^ a434 ^ a433 ^ a432 ^ a431 ^ a430
                    ^ a429 ^ a428 ^ a427 ^ a426 ^ a425 ^ a424 ^ a423 ^ a422 ^ a421 ^ a420 ^ a419 ^ a418 ^ a417 ^ a416
                    ^ a415 ^ a414 ^ a413 ^ a412 ^ a411 ^ a410 ^ a409 ^ a408 ^ a407 ^ a406 ^ a405 ^ a404 ^ a403 ^ a402
                    ^ a401 ^ a400 ^ a399 ^ a398 ^ a397 ^ a396 ^ a395 ^ a394 ^ a393 ^ a392 ^ a391 ^ a390 ^ a389 ^ a388
                    ^ a387 ^ a386 ^ a385 ^ a384 ^ a383 ^ a382 ^ a381 ^ a380 ^ a379 ^ a378 ^ a377 ^ a376 ^ a375 ^ a374
                    ^ a373 ^ a372 ^ a371 ^ a370 ^ a369 ^ a368 ^ a367 ^ a366 ^ a365 ^ a364 ^ a363 ^ a362 ^ a361 ^ a360
                    ^ a359 ^ a358 ^ a357 ^ a356 ^ a355 ^ a354 ^ a353 ^ a352 ^ a351 ^ a350 ^ a349 ^ a348 ^ a347 ^ a346
                    ^ a345 ^ a344 ^ a343 ^ a342 ^ a341 ^ a340 ^ a339 ^ a338 ^ a337 ^ a336 ^ a335 ^ a334 ^ a333 ^ a332
                    ^ a331 ^ a330 ^ a329 ^ a328 ^ a327 ^ a326 ^ a325 ^ a324 ^ a323 ^ a322 ^ a321 ^ a320 ^ a319 ^ a318
                    ^ a317 ^ a316 ^ a315 ^ a314 ^ a313 ^ a312 ^ a311 ^ a310 ^ a309 ^ a308 ^ a307 ^ a306 ^ a305 ^ a304
                    ^ a303 ^ a302 ^ a301 ^ a300 ^ a299 ^ a298 ^ a297 ^ a296 ^ a295 ^ a294 ^ a293 ^ a292 ^ a291 ^ a290
                    ^ a289 ^ a288 ^ a287 ^ a286 ^ a285 ^ a284 ^ a283 ^ a282 ^ a281 ^ a280 ^ a279 ^ a278 ^ a277 ^ a276
                    ^ a275 ^ a274 ^ a273 ^ a272 ^ a271 ^ a270 ^ a269 ^ a268 ^ a267 ^ a266 ^ a265 ^ a264 ^ a263 ^ a262
                    ^ a261 ^ a260 ^ a259 ^ a258 ^ a257 ^ a256 ^ a255 ^ a254 ^ a253 ^ a252 ^ a251 ^ a250 ^ a249 ^ a248
                    ^ a247 ^ a246 ^ a245 ^ a244 ^ a243 ^ a242 ^ a241 ^ a240 ^ a239 ^ a238 ^ a237 ^ a236 ^ a235 ^ a234
                    ^ a233 ^ a232 ^ a231 ^ a230 ^ a229 ^ a228 ^ a227 ^ a226 ^ a225 ^ a224 ^ a223 ^ a222 ^ a221 ^ a220
                    ^ a219 ^ a218 ^ a217 ^ a216 ^ a215 ^ a214 ^ a213 ^ a212 ^ a211 ^ a210 ^ a209 ^ a208 ^ a207 ^ a206
                    ^ a205 ^ a204 ^ a203 ^ a202 ^ a201 ^ a200 ^ a199 ^ a198 ^ a197 ^ a196 ^ a195 ^ a194 ^ a193 ^ a192
                    ^ a191 ^ a190 ^ a189 ^ a188 ^ a187 ^ a186 ^ a185 ^ a184 ^ a183 ^ a182 ^ a181 ^ a180 ^ a179 ^ a178
                    ^ a177 ^ a176 ^ a175 ^ a174 ^ a173 ^ a172 ^ a171 ^ a170 ^ a169 ^ a168 ^ a167 ^ a166 ^ a165 ^ a164
                    ^ a163 ^ a162 ^ a161 ^ a160 ^ a159 ^ a158 ^ a157 ^ a156 ^ a155 ^ a154 ^ a153 ^ a152 ^ a151 ^ a150
                    ^ a149 ^ a148 ^ a147 ^ a146 ^ a145 ^ a144 ^ a143 ^ a142 ^ a141 ^ a140 ^ a139 ^ a138 ^ a137 ^ a136
                    ^ a135 ^ a134 ^ a133 ^ a132 ^ a131 ^ a130 ^ a129 ^ a128 ^ a127 ^ a126 ^ a125 ^ a124 ^ a123 ^ a122
                    ^ a121 ^ a120 ^ a119 ^ a118 ^ a117 ^ a116 ^ a115 ^ a114 ^ a113 ^ a112 ^ a111 ^ a110 ^ a109 ^ a108
                    ^ a107 ^ a106 ^ a105 ^ a104 ^ a103 ^ a102 ^ a101 ^ a100 ^ a99 ^ a98 ^ a97 ^ a96 ^ a95 ^ a94 ^ a93
                    ^ a92 ^ a91 ^ a90 ^ a89 ^ a88 ^ a87 ^ a86 ^ a85 ^ a84 ^ a83 ^ a82 ^ a81 ^ a80 ^ a79 ^ a78 ^ a77
                    ^ a76 ^ a75 ^ a74 ^ a73 ^ a72 ^ a71 ^ a70 ^ a69 ^ a68 ^ a67 ^ a66 ^ a65 ^ a64 ^ a63 ^ a62 ^ a61
                    ^ a60 ^ a59 ^ a58 ^ a57 ^ a56 ^ a55 ^ a54 ^ a53 ^ a52 ^ a51 ^ a50 ^ a49 ^ a48 ^ a47 ^ a46 ^ a45
                    ^ a44 ^ a43 ^ a42 ^ a41 ^ a40 ^ a39 ^ a38 ^ a37 ^ a36 ^ a35 ^ a34 ^ a33 ^ a32 ^ a31 ^ a30 ^ a29
                    ^ a28 ^ a27 ^ a26 ^ a25 ^ a24 ^ a23 ^ a22 ^ a21 ^ a20 ^ a19 ^ a18 ^ a17 ^ a16 ^ a15 ^ a14 ^ a13
                    ^ a12 ^ a11 ^ a10 ^ a9 ^ a8 ^ a7 ^ a6 ^ a5 ^ a4 ^ a3 ^ a2 ^ a1 ^ a0;
        }
    }
}
